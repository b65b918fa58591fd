import MockEngine
import Testing

struct RoutePatternTests {
    @Test(arguments: [
        ("/users/{id}", "/users/42", ["id=42"]),
        ("/users/{id}", "/users/a%20b%2Fc", ["id=a b/c"]),
        ("/files/{name}.json", "/files/report.v2.json", ["name=report.v2"]),
        ("/v{version}/x", "/v2/x", ["version=2"]),
        ("/{a}-{b}", "/1-2-3", ["a=1", "b=2-3"]),
        ("/{a}..{b}", "/x...y", ["a=x", "b=.y"]),
        ("/range({from},{to})", "/range(1,5)", ["from=1", "to=5"]),
        ("/{a}/x/{b}", "/1/x/2", ["a=1", "b=2"]),
        ("/static/**", "/static/a/b", []),
        ("/{tenant}/**", "/acme/x/y", ["tenant=acme"]),
        ("/users/{id}", "/users/42/", ["id=42"]),
        ("/users/{id}", "/users/100%25", ["id=100%"]),
    ])
    func `a path that matches gives its parameters decoded`(_ pattern: String, _ path: String, _ expected: [String])
        throws
    {
        let pattern = try RoutePattern(pattern)
        #expect(pattern.matches(path))
        #expect(pattern.captures(in: path).map { "\($0.name)=\($0.value)" } == expected)
    }

    @Test(arguments: [
        ("/users/{id}", "/users"), ("/users/{id}", "/users/1/2"), ("/files/{name}.json", "/files/.json"),
        ("/files/{name}.json", "/files/a.xml"), ("/{a}-{b}", "/-b"), ("/{a}-{b}", "/a-"), ("/{a}-{b}", "/ab"),
        ("/users/*", "/users"), ("/a/**", "/b"), ("/{a}2{b}", "/x%2Fy"), ("/aba{x}aba", "/ababa"),
    ])
    func `a path of another shape does not match`(_ pattern: String, _ path: String) throws {
        #expect(try !RoutePattern(pattern).matches(path))
    }

    @Test(arguments: [
        "users", "/users/{id", "/users/id}", "/users/{}", "/{a}/{a}", "/{a}{b}", "/**/x", "/a/../b", "/a/./b",
        "/%2e%2e",
        "/a?b=1", "/a#b", "/%zz", "/%00", "/a%4{x}", "/{{a}}", "",
        "/" + String(repeating: "a/", count: 61), "/" + String(repeating: "a", count: 4000),
    ])
    func `a text that is no route path is refused`(_ text: String) {
        #expect(throws: RoutePattern.Refusal.self) { try RoutePattern(text) }
    }

    @Test func `literals match by their normal form`() throws {
        #expect(try RoutePattern("/caf%c3%a9/a b").matches("/caf%C3%A9/a%20b"))
        #expect(try RoutePattern("/café").matches("/caf%C3%A9"))
    }

    @Test func `the names of the parameters come from the left`() throws {
        #expect(try RoutePattern("/{a}/x{b}-{c}/*").parameterNames == ["a", "b", "c"])
    }
}
