import Domain
import Testing

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799_000_000),
        ("2026-11-24T12:35:34.250Z", 1_795_523_734_250_000), ("1969-12-31T23:59:59.999999Z", -1),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ])
    func `a moment is written and read the same`(text: String, microseconds: Int) {
        #expect(Timestamp(microseconds: Int64(microseconds)).rfc3339 == text)
        #expect(Timestamp(rfc3339: text)?.microseconds == Int64(microseconds))
    }

    @Test func `an offset is applied`() {
        #expect(Timestamp(rfc3339: "2026-01-01T01:30:00+01:30") == Timestamp(rfc3339: "2026-01-01T00:00:00Z"))
    }

    @Test(arguments: [
        "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00", "2026-01-01",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100", "",
    ])
    func `what is no moment is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `seconds are rounded down before 1970 too`() {
        #expect(Timestamp(microseconds: -1).seconds == -1)
        #expect(Timestamp(microseconds: 1_999_999).seconds == 1)
    }
}
