import MockEngine
import Testing

struct RequestPathTests {
    @Test(arguments: [
        ("", "/"),
        ("/", "/"),
        ("/users", "/users"),
        ("/users/", "/users/"),
        ("//", "/"),
        ("//users///5", "/users/5"),
        ("/users//", "/users/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/../..", "/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/b/../c", "/a/c"),
        ("/a/./b/./c", "/a/b/c"),
        ("/../a", "/a"),
        ("/a/../../../b", "/b"),
        ("/a//../b", "/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd"),
        ("/a/.%2e/b", "/b"),
        ("/...", "/..."),
        ("/a../b", "/a../b"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a/..b", "/a/..b"),
        ("/%61bc", "/abc"),
        ("/%7Euser", "/~user"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%2Fb", "/a%2Fb"),
        ("/%2f..%2f", "/%2F..%2F"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/café", "/caf%C3%A9"),
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/{id}", "/%7Bid%7D"),
        ("/a;v=1,2:3@x!$&'()*+", "/a;v=1,2:3@x!$&'()*+"),
        ("/%25", "/%25"),
        ("/%252e%252e/a", "/%252e%252e/a"),
        ("/a\\b", "/a%5Cb"),
    ])
    func `a path gets its normal form`(_ path: String, _ normal: String) throws {
        #expect(try RequestPath.normalise(path) == normal)
    }

    @Test(arguments: ["/users/5", "/a//b/../%41é", "/a%2fb/", "/..", "/a b%7e"])
    func `a normal form is its own normal form`(_ path: String) throws {
        let normal = try RequestPath.normalise(path)
        #expect(try RequestPath.normalise(normal) == normal)
    }

    @Test(arguments: [
        ("users", RequestPath.Refusal.noLeadingSlash),
        ("*", .noLeadingSlash),
        ("/%", .invalidEscape(offset: 1)),
        ("/a%4", .invalidEscape(offset: 2)),
        ("/a%4/b", .invalidEscape(offset: 2)),
        ("/a%zz", .invalidEscape(offset: 2)),
        ("/a%00", .controlCharacter(offset: 2)),
        ("/a%0d%0aX: 1", .controlCharacter(offset: 2)),
        ("/a\u{0}", .controlCharacter(offset: 2)),
        ("/a\nb", .controlCharacter(offset: 2)),
        ("/%7f", .controlCharacter(offset: 1)),
    ])
    func `a path without a normal form is refused with the reason`(_ path: String, _ refusal: RequestPath.Refusal) {
        #expect(throws: refusal) { try RequestPath.normalise(path) }
    }
}
