import JSON
import MockEngine
import Testing

struct JSONPathTests {
    @Test func `a refusal names the column and what is expected`() {
        let error = #expect(throws: JSONPath.ParseError.self) { try JSONPath("$['a'") }
        #expect(error?.description == "\"]\" is expected at column 6")
    }

    @Test func `a query that looks at more nodes than allowed selects nothing`() throws {
        let value = JSON.array((0..<1000).map { JSON($0) })
        let path = try JSONPath("$..[?@ == $[999]]")
        #expect(path.select(in: value) == [999])
        #expect(path.select(in: value, limit: 100).isEmpty)
    }

    @Test func `nested descents end at the limit`() throws {
        var value: JSON = [1, 2, 3]
        for _ in 0..<60 { value = [value, value.array?.first ?? 0] }
        let path = try JSONPath("$..[?@..[?@..[?@..[?@ == 7]]]]")
        #expect(path.select(in: value).isEmpty)
    }

    @Test func `a regular expression that cannot be used is refused when the query is read`() {
        #expect(throws: JSONPath.ParseError.self) { try JSONPath("$[?match(@, '(')]") }
    }

    @Test func `a regular expression from the data that cannot be used matches nothing`() throws {
        #expect(try JSONPath("$.list[?match(@, $.pattern)]").select(in: ["list": ["("], "pattern": "("]).isEmpty)
    }

    @Test func `two spellings of an accented letter differ`() throws {
        let value: JSON = ["list": ["\u{E9}", "e\u{301}"]]
        #expect(try JSONPath("$.list[?@ == '\u{E9}']").select(in: value).count == 1)
    }

    @Test func `nesting in a query is bounded`() {
        let text = "$[?" + String(repeating: "(", count: 100) + "@.a" + String(repeating: ")", count: 100) + "]"
        #expect(throws: JSONPath.ParseError.self) { try JSONPath(text) }
    }
}
