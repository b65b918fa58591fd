import Domain
import JSON
import MockEngine
import Testing

struct CompiledMatchTests {
    /// A predicate on the body, on `?q=`, or on the header `x`, in its wire form.
    static func match(_ json: JSON) throws -> CompiledMatch {
        let violations = Violations()
        let definition = MatchDefinition(json: json, violations: violations)
        try violations.throwIfAny()
        return try CompiledMatch(try #require(definition))
    }

    static func body(_ predicate: JSON, _ body: String) throws -> Bool {
        try match(["body": predicate]).matches(
            RequestView(MockRequest(method: "POST", path: "/", body: Array(body.utf8))))
    }

    static func query(_ predicate: JSON, _ query: String?) throws -> Bool {
        try match(["query": ["q": predicate]]).matches(RequestView(MockRequest(method: "GET", path: "/", query: query)))
    }

    @Test(arguments: [
        ("a", "q=a", true), ("a", "q=b&q=a", true), ("a", "q=A", false), ("a", "r=a", false), ("a b", "q=a+b", true),
        ("é", "q=%C3%A9", true), ("", "q", true), ("", nil, false), ("5", "q=5", true), ("5", "q=5.0", false),
    ])
    func `a string is equality with one of the values`(_ text: String, _ query: String?, _ expected: Bool) throws {
        #expect(try Self.query(.string(text), query) == expected)
    }

    @Test(
        arguments: [
            (["equals": 5], "q=5.0", true), (["equals": true], "q=true", true), (["equals": 5], "q=6", false),
            (["contains": "bc"], "q=abcd", true), (["contains": "bd"], "q=abcd", false),
            (["matches": "^[0-9]+$"], "q=42", true), (["matches": "^[0-9]+$"], "q=4x", false),
            (["matches": "b"], "q=abc", true),
            (["absent": true], "r=1", true), (["absent": true], "q=1", false), (["absent": false], "q=1", true),
            (["absent": false], "", false), (["not": "a"], "q=b", true), (["not": "a"], "q=a", false),
            (["not": "a"], nil, true),
            (["not": "a"], "q=a&q=b", true), (["any": ["a", "b"]], "q=b", true), (["any": ["a", "b"]], "q=c", false),
            (["all": [["contains": "a"], ["contains": "b"]]], "q=ab", true),
            (["all": [["contains": "a"], ["contains": "b"]]], "q=a&q=b", false),
            (["any": [["absent": true], "a"]], nil, true), (["contains": "a", "matches": "b$"], "q=ab", true),
            (["contains": "a", "matches": "b$"], "q=ba", false), (["json_path": "$.a"], "q=%7B%22a%22:1%7D", true),
        ] as [(JSON, String?, Bool)])
    func `conditions on parameters`(_ predicate: JSON, _ query: String?, _ expected: Bool) throws {
        #expect(try Self.query(predicate, query) == expected)
    }

    @Test(
        arguments: [
            ("hello", "hello", true), ("hello", "\"hello\"", true), ("hello", "hello world", false), ("", "", false),
            (["equals": ["a": 1, "b": [1, 2]]], #"{ "b": [1, 2.0], "a": 1 }"#, true),
            (["equals": ["a": 1]], #"{"a": 1, "b": 2}"#, false), (["equals": nil], "null", true),
            (["equals": nil], "", false),
            (["contains": "\"a\": 1"], #"{"a": 1}"#, true), (["matches": "\"a\"\\s*:"], #"{"a" : 1}"#, true),
            (["includes": ["a": ["b": 1]]], #"{"a": {"b": 1, "c": 2}, "d": 3}"#, true),
            (["includes": ["a": ["b": 2]]], #"{"a": {"b": 1}}"#, false),
            (["includes": [["id": 2]]], #"[{"id":1},{"id":2,"x":1}]"#, true),
            (["includes": [1, 2]], "[2, 3]", false), (["includes": ["a": 1]], "no json", false),
            (["json_path": "$.items[?@.price > 10]"], #"{"items":[{"price":9},{"price":11}]}"#, true),
            (["json_path": "$.items[?@.price > 20]"], #"{"items":[{"price":9},{"price":11}]}"#, false),
            (["json_path": "$.role", "equals": "admin"], #"{"role":"admin"}"#, true),
            (["json_path": "$.role", "equals": "admin"], #"{"role":"user"}"#, false),
            (["json_path": "$.total", "equals": 5], #"{"total":5.0}"#, true),
            (["json_path": "$..sku", "matches": "^A"], #"[{"sku":"B1"},{"sku":"A1"}]"#, true),
            (["json_path": "$.role", "absent": true], #"{"x":1}"#, true),
            (["json_path": "$.role", "absent": true], #"{"role":1}"#, false),
            (["json_path": "$.role", "not": "admin"], #"{"x":1}"#, false),
            (["json_path": "$.role", "not": "admin"], #"{"role":"x"}"#, true),
            (["json_path": "$.a", "includes": ["b": 1]], #"{"a":{"b":1,"c":2}}"#, true),
            (["absent": true], "", true), (["absent": true], "x", false),
        ] as [(JSON, String, Bool)])
    func `conditions on bodies`(_ predicate: JSON, _ body: String, _ expected: Bool) throws {
        #expect(try Self.body(predicate, body) == expected)
    }

    @Test func `a body that is not UTF-8 has no text`() throws {
        let view = RequestView(MockRequest(method: "POST", path: "/", body: [0xFF, 0x41]))
        #expect(try !Self.match(["body": ["contains": "A"]]).matches(view))
    }

    @Test func `header names are matched in any case, and any of several values may hold`() throws {
        let match = try Self.match(["headers": ["X-Env": "staging"]])
        let headers = [HeaderField("x-env", "production"), HeaderField("x-env", "staging")]
        #expect(match.matches(RequestView(MockRequest(method: "GET", path: "/", headers: headers))))
    }

    @Test func `cookies are matched by name`() throws {
        let match = try Self.match(["cookies": ["session": ["matches": "^[a-f0-9]{4}$"]]])
        let headers = [HeaderField("cookie", "theme=dark; session=beef")]
        #expect(match.matches(RequestView(MockRequest(method: "GET", path: "/", headers: headers))))
        #expect(!match.matches(RequestView(MockRequest(method: "GET", path: "/"))))
    }

    @Test func `an empty match takes every request`() throws {
        let match = try CompiledMatch(MatchDefinition())
        #expect(match.isEmpty)
        #expect(match.matches(RequestView(MockRequest(method: "GET", path: "/"))))
    }

    @Test func `differences say what was wanted and what came`() throws {
        let match = try Self.match([
            "query": ["page": "2", "ok": "1"], "headers": ["X-Env": ["any": ["a", ["contains": "b"]]]],
            "cookies": ["session": ["absent": false]], "body": ["json_path": "$.role", "equals": "admin"],
        ])
        let request = MockRequest(
            method: "POST", path: "/", query: "page=1&page=3&ok=1", headers: [HeaderField("x-env", "c")],
            body: Array(#"{"role":"user"}"#.utf8))
        #expect(
            match.differences(RequestView(request)) == [
                Difference(field: "query page", expected: "\"2\"", actual: "\"1\", \"3\""),
                Difference(field: "header x-env", expected: "\"a\" or contains \"b\"", actual: "\"c\""),
                Difference(field: "cookie session", expected: "not absent", actual: "absent"),
                Difference(field: "body", expected: "$.role: \"admin\"", actual: "$.role: \"user\""),
            ])
    }

    @Test func `a long value is shortened in a difference`() throws {
        let request = MockRequest(method: "POST", path: "/", body: Array(repeating: UInt8(ascii: "x"), count: 10_000))
        let difference = try #require(Self.match(["body": "y"]).differences(RequestView(request)).first)
        #expect(difference.actual.utf8.count < 220)
    }

    @Test func `what cannot be compiled is thrown with its place`() {
        let match = MatchDefinition(
            query: [NamedPredicate("q", .matches("("))], body: .not(.jsonPath("nonsense", nil)))
        let problem = #expect(throws: Problem.self) { try CompiledMatch(match) }
        #expect(problem?.errors.map(\.pointer) == ["/query/q", "/body"])
        #expect(problem?.errors.map(\.code) == ["invalid_pattern", "invalid_json_path"])
    }

    @Test func `a subset of a huge list ends in bounded work`() throws {
        let pattern = JSON.array((0..<2000).map { JSON(-$0 - 1) })
        let body = JSON.array((0..<20_000).map { JSON($0) })
        #expect(try !Self.body(["includes": pattern], body.text))
    }
}
