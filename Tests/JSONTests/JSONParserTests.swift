import JSON
import Testing

struct JSONParserTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,2.50,-0,1e3,0.1E-2]", #"{"b":1.50,"a":[{"c":null}]}"#,
        #""quotes \" and \\ and \n""#, "123456789012345678901234567890", #"{"":1}"#, "\"🐲é\"", "-9223372036854775808",
    ])
    func `text comes out as it went in`(text: String) throws {
        #expect(try JSON.parse(text).text == text)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[", "{", "\"", "\"\\",
        "\"\\x\"",
        "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x10", "NaN", "Infinity", "\"\u{1}\"", "\"\\u12\"", "\"\\uD800\"",
        "\"\\uDC00\\uD800\"", "\"\\uD800\\u0041\"", "1 2", "[1]]", "'a'", "// c\n1", "{\"a\":1,\"a\":2}",
        "\u{FEFF}\u{FEFF}1",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONParseError.self) { try JSON.parse(text) }
    }

    @Test func `a fault is told with its line and column`() {
        let error = #expect(throws: JSONParseError.self) { try JSON.parse("{\n  \"a\": 1,\n  oops\n}") }
        #expect(error?.line == 3)
        #expect(error?.column == 3)
    }

    @Test func `escapes become characters`() throws {
        #expect(try JSON.parse(#""\u0041\uD83D\uDC32\/\b\f""#) == "A🐲/\u{8}\u{C}")
    }

    @Test func `invalid UTF-8 is refused`() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] {
            #expect(throws: JSONParseError.self) { try JSON.parse(bytes) }
        }
    }

    @Test func `a byte order mark before the value is skipped`() throws {
        #expect(try JSON.parse([0xEF, 0xBB, 0xBF, 0x31]) == 1)
    }

    @Test func `nesting is bounded`() throws {
        let text = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONParseError.self) { try JSON.parse(text) }
        let nested = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try JSON.parse(nested).text == nested)
        #expect(throws: JSONParseError.self) { try JSON.parse(nested, limits: JSONLimits(depth: 127)) }
    }

    @Test func `the last of two equal names wins where they are allowed`() throws {
        let value = try JSON.parse(#"{"a":1,"b":2,"a":3}"#, limits: JSONLimits(allowsDuplicateKeys: true))
        #expect(value.text == #"{"a":3,"b":2}"#)
    }

    @Test func `many names are told apart quickly and doubles among them found`() throws {
        let members = (0..<2000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(try JSON.parse("{\(members)}")["k1999"] == 1999)
        #expect(throws: JSONParseError.self) { try JSON.parse("{\(members),\"k3\":0}") }
    }

    @Test func `names that differ in code points only are two names`() throws {
        let value = try JSON.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.object?.count == 2)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
    }

    @Test func `pretty text reads back as the same value`() throws {
        let value = try JSON.parse(#"{"a":[1,{"b":[]},{}],"c":"x"}"#)
        #expect(value.prettyText.contains("\n  \"a\": [\n    1,"))
        #expect(try JSON.parse(value.prettyText) == value)
    }
}
