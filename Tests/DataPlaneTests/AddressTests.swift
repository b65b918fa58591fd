import DataPlane
import MockEngine
import NIOCore
import Testing

@Suite struct AddressTests {
    private func read(_ authority: String, _ target: String, base: String = "mock.example") -> Address {
        Address(host: HostName(authority: authority, baseDomain: base), target: target)
    }

    private func tenant(
        _ kind: TenantReference.Kind, _ text: String, _ path: String, workspace: String? = nil, query: String? = nil
    ) -> Address {
        .tenant(
            TenantAddress(
                tenant: TenantReference(kind, text), workspace: workspace, path: path, query: query))
    }

    @Test(arguments: [
        "acme.mock.example", "ACME.Mock.Example", "acme.mock.example:8080", "acme.mock.example.",
        "acme.mock.example.:443",
    ])
    func `a host name is read in every spelling`(authority: String) {
        #expect(read(authority, "/api/users") == tenant(.subdomain, "acme", "/api/users"))
    }

    @Test func `a tenant is named by its id as a subdomain`() {
        #expect(read("tenant-abc1234567.mock.example", "/x") == tenant(.id, "abc1234567", "/x"))
    }

    @Test func `a workspace stands before the tenant in the host name`() {
        #expect(read("staging--acme.mock.example", "/x") == tenant(.subdomain, "acme", "/x", workspace: "staging"))
        #expect(
            read("eu-1--tenant-abc1234567.mock.example", "/x") == tenant(.id, "abc1234567", "/x", workspace: "eu-1"))
    }

    @Test(arguments: [
        "mock.example", "mock.example:8080", "localhost:8080", "127.0.0.1", "[::1]:8080", "10.1.2.3:80", "",
    ])
    func `the path forms work on the base domain and on addresses`(authority: String) {
        #expect(read(authority, "/tenant/abc1234567/api/users") == tenant(.either, "abc1234567", "/api/users"))
        #expect(read(authority, "/tenant/acme/api/users") == tenant(.either, "acme", "/api/users"))
        #expect(read(authority, "/t/acme/api/users") == tenant(.either, "acme", "/api/users"))
        #expect(
            read(authority, "/t/abc1234567/w/staging/x") == tenant(.either, "abc1234567", "/x", workspace: "staging"))
    }

    @Test(arguments: [
        "/api/v1/tenants", "/v1/tenants", "/health", "/openapi.json", "/", "/t", "/t/", "/tenant", "/tenant/",
        "/v1/t/acme/x",
        "/tx/acme", "*",
    ])
    func `everything else on the base domain is the control plane's`(target: String) {
        for authority in ["mock.example", "localhost", "127.0.0.1:8080", "[::1]"] {
            #expect(read(authority, target) == .control)
        }
    }

    @Test(arguments: ["api", "www", "admin", "app", "status", "mail", "API"])
    func `reserved names are the control plane's, whatever the path`(name: String) {
        #expect(read("\(name).mock.example", "/t/acme/x") == .control)
    }

    @Test(arguments: [
        "a.b.mock.example", "ab.mock.example", "-acme.mock.example", "tenant-short.mock.example", "a_b.mock.example",
        "--acme.mock.example", "staging--.mock.example", "st--ag--acme.mock.example", ".mock.example",
    ])
    func `a name that no tenant can have is unknown`(authority: String) {
        #expect(read(authority, "/x") == .unknownTenant)
    }

    @Test(arguments: ["/tenant/ACME/x", "/tenant/a--b/x", "/t/A/x", "/t/a--b/x", "/t/acme%2Fx/y"])
    func `a path that names no possible tenant is unknown`(target: String) {
        #expect(read("mock.example", target) == .unknownTenant)
    }

    @Test func `a tenant's host takes paths that look like the control plane's`() {
        #expect(read("acme.mock.example", "/v1/tenants") == tenant(.subdomain, "acme", "/v1/tenants"))
        #expect(read("acme.mock.example", "/t/other/x") == tenant(.subdomain, "acme", "/t/other/x"))
        #expect(read("acme.mock.example", "/health") == tenant(.subdomain, "acme", "/health"))
    }

    @Test(arguments: [
        ("/w/staging/api/users", "staging", "/api/users"), ("/w/staging", "staging", "/"),
        ("/w/staging/", "staging", "/"),
        ("/w/staging/w/other/x", "staging", "/w/other/x"), ("/%77/staging/x", "staging", "/x"),
        ("//w//staging//x", "staging", "/x"), ("/x/../w/staging/x", "staging", "/x"),
    ])
    func `a workspace stands at the start of the path`(target: String, workspace: String, path: String) {
        #expect(read("acme.mock.example", target) == tenant(.subdomain, "acme", path, workspace: workspace))
    }

    @Test func `the workspace in the path goes before the one in the host name`() {
        #expect(read("staging--acme.mock.example", "/w/eu/x") == tenant(.subdomain, "acme", "/x", workspace: "eu"))
    }

    @Test(arguments: ["/w", "/w/", "/wx/staging", "/x/w/staging"])
    func `a path without a workspace's name is the default workspace's`(target: String) {
        #expect(read("acme.mock.example", target) == tenant(.subdomain, "acme", target))
    }

    @Test func `a workspace with an impossible name is unknown`() {
        #expect(read("acme.mock.example", "/w/Staging/x") == .unknownTenant)
    }

    @Test(arguments: [
        ("/a//b", "/a/b"), ("/a/./b/../c", "/a/c"), ("/../../a", "/a"), ("/%61", "/a"), ("/a%2fb", "/a%2Fb"), ("", "/"),
        ("/a%20b", "/a%20b"), ("/ä", "/%C3%A4"), ("/t/../t/acme/x", "/t/acme/x"),
    ])
    func `paths come in their normal form`(target: String, path: String) {
        #expect(read("acme.mock.example", target) == tenant(.subdomain, "acme", path))
    }

    @Test func `dot segments cannot leave a tenant's path`() {
        #expect(read("mock.example", "/t/acme/../other-corp/x") == tenant(.either, "other-corp", "/x"))
        #expect(read("mock.example", "/t/acme/../../v1/tenants") == .control)
        #expect(read("mock.example", "/t/acme/%2E%2E/other-corp/x") == tenant(.either, "other-corp", "/x"))
    }

    @Test func `an escaped slash does not part segments`() {
        #expect(read("mock.example", "/t%2Facme/x") == .control)
        #expect(read("acme.mock.example", "/w%2Fstaging/x") == tenant(.subdomain, "acme", "/w%2Fstaging/x"))
    }

    @Test func `the query stays raw`() {
        #expect(read("mock.example", "/t/acme?a=%2F&b=?") == tenant(.either, "acme", "/", query: "a=%2F&b=?"))
        #expect(read("acme.mock.example", "/x?") == tenant(.subdomain, "acme", "/x", query: ""))
    }

    @Test func `a path without a normal form is refused on a tenant's host`() {
        #expect(read("acme.mock.example", "/%zz") == .invalidPath(.invalidEscape(offset: 1)))
        #expect(read("acme.mock.example", "/%00") == .invalidPath(.controlCharacter(offset: 1)))
    }

    @Test func `localhost can be the base domain`() {
        #expect(read("acme.localhost:8080", "/x", base: "localhost") == tenant(.subdomain, "acme", "/x"))
        #expect(read("api.localhost", "/x", base: "localhost") == .control)
    }

    @Test func `a name that only ends like the base domain is not below it`() {
        #expect(read("acmemock.example", "/x") == .control)
    }
}

@Suite struct TrustedProxiesTests {
    private func peer(_ address: String) throws -> SocketAddress { try SocketAddress(ipAddress: address, port: 1234) }

    @Test func `addresses and ranges are recognised`() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8", "192.168.1.7", "fd00::/8", "172.16.0.0/12"])
        for trusted in ["10.200.0.1", "192.168.1.7", "fd12::1", "172.31.255.255", "::ffff:10.0.0.1"] {
            #expect(proxies.contain(try peer(trusted)))
        }
        for stranger in ["11.0.0.1", "192.168.1.8", "fe80::1", "172.32.0.0"] {
            #expect(!proxies.contain(try peer(stranger)))
        }
    }

    @Test(arguments: ["", "proxy.example", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129"])
    func `a text that is no range is refused`(text: String) {
        #expect(throws: TrustedProxies.InvalidRange(text: text)) { try TrustedProxies([text]) }
    }

    @Test func `nobody is trusted without a setting`() throws {
        #expect(!TrustedProxies.none.contain(try peer("127.0.0.1")))
    }
}
