import Persistence
import Testing

@Suite struct `Paging` {
    @Test(arguments: [
        "", ".", "1", "1.", ".a", "x.a", "1.A", "1.a'b", "99999999999999999999.a",
        "1." + String(repeating: "a", count: 65),
    ])
    func `a cursor that we did not write is none`(text: String) {
        #expect(Cursor(text) == nil)
    }

    @Test func `a cursor reads its own text`() {
        #expect(Cursor("-12.ws_abc")?.text == "-12.ws_abc")
    }

    @Test func `a page out of range is brought into it`() {
        #expect(Page(number: -3, limit: 0) == Page(number: 1, limit: 1))
        #expect(Page(number: 1, limit: 1000).limit == 100)
        #expect(Page(number: .max, limit: 100).number == 1_000_000_000)
    }
}
