import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct RefusalTests {
    /// The reply's status line, and its body without what differs from request to request.
    private func comparable(_ reply: String) -> String {
        let body = reply.split(separator: "\r\n\r\n").last.map(String.init) ?? ""
        guard let json = try? JSON.parse(body), var object = json.object else { return reply }
        object["request_id"] = nil
        return String(reply.prefix { $0 != "\r" && $0 != "\r\n" }) + JSON.object(object).text
    }

    @Test func `tenants that never were, are deleted, are not ready, or lack the workspace are told apart by nothing`()
        async throws
    {
        let hosting = try await Hosting()
        try await hosting.addTenant(TenantID("gone000001")!, "gone", status: .deleted)
        try await LoopbackServer.run(hosting) { server async throws in
            let never = comparable(try await server.request("GET", "/x", host: "never.localhost"))
            #expect(never.hasPrefix("HTTP/1.1 404 Not Found{"))
            #expect(comparable(try await server.request("GET", "/x", host: "gone.localhost")) == never)
            #expect(comparable(try await server.request("GET", "/x", host: "nowhere--acme.localhost")) == never)
            #expect(comparable(try await server.request("GET", "/x", host: "a.b.localhost")) == never)
        }
    }

    @Test func `a tenant whose schema is of another version gets 503 that says so, and no other tenant does`()
        async throws
    {
        let hosting = try await Hosting()
        let newer = TenantID("newer00001")!
        try await hosting.addTenant(newer, "newer", hasNewerSchema: true)
        try await LoopbackServer.run(hosting) { server async throws in
            let refused = try await server.request("GET", "/hello", host: "newer.localhost")
            #expect(refused.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(refused.contains("\"code\":\"schema_version\""))
            #expect(refused.lowercased().contains("\r\nretry-after: 60\r\n"))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `requests wait for a database that comes back, when what answered them was changed meanwhile`()
        async throws
    {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
            await hosting.announcements.publish(.tenantChanged(hosting.tenant))
            hosting.gate.failReads(2)
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a tenant that nobody has asked for gets 503 at once while there is no database`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            hosting.gate.failReads(100)
            let refused = try await server.request("GET", "/hello")
            #expect(refused.hasPrefix("HTTP/1.1 503 "))
            #expect(refused.lowercased().contains("\r\nretry-after: "))
        }
    }

    @Test func `a suspended tenant gets 403 at once and answers again once resumed`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
            try await hosting.changeTenant { $0.status = .suspended }
            let refused = try await server.request("GET", "/hello")
            #expect(refused.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(refused.contains("\"code\":\"tenant_suspended\""))
            try await hosting.changeTenant { $0.status = .active }
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a tenant that comes into being is found although it was just looked for`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/x", host: "fresh.localhost").contains("unknown_address"))
            let id = TenantID("fresh00001")!
            try await hosting.addTenant(id, "fresh")
            try await hosting.addWorkspace(
                WorkspaceID(from: hosting.world.surroundings), .default, of: id, isDefault: true)
            #expect(try await server.request("GET", "/x", host: "fresh.localhost").contains("\"no_route\""))
        }
    }

    @Test func `the request after the last of the minute gets 429 with when to come back`() async throws {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 2)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            for _ in 0..<2 { #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 ")) }
            let refused = try await server.request("GET", "/hello")
            #expect(refused.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
            #expect(refused.contains("\r\nRetry-After: 61\r\n"))
            #expect(refused.contains("\r\nRateLimit-Limit: 2\r\n"))
            #expect(refused.contains("\r\nRateLimit-Remaining: 0\r\n"))
            #expect(refused.contains("\r\nRateLimit-Reset: 61\r\n"))
            hosting.world.advance(by: .seconds(61))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a new plan takes effect with the next request and does not forget the last minute`() async throws {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 1)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 429 "))
            try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 2)!] }
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 429 "))
        }
    }

    @Test func `one tenant's full minute leaves another's alone`() async throws {
        let hosting = try await Hosting()
        let other = TenantID("other00001")!
        try await hosting.addTenant(other, "other", quotas: [.maxRequestsPerMinute: QuotaLimit(wireValue: 0)!])
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/hello", host: "other.localhost").hasPrefix("HTTP/1.1 429 "))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a workspace that requires a key answers only with one`() async throws {
        try await LoopbackServer.run(try await Hosting(settings: ["require_api_key": true])) { server async throws in
            let refused = try await server.request("GET", "/hello")
            #expect(refused.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
            #expect(refused.contains("\r\nWWW-Authenticate: Bearer\r\n"))
            #expect(
                try await server.request("GET", "/hello", headers: ["X-Api-Key: sk_live_wrong"])
                    .hasPrefix("HTTP/1.1 401 "))
            for header in ["X-Api-Key: \(Hosting.key)", "Authorization: Bearer \(Hosting.key)"] {
                #expect(try await server.request("GET", "/hello", headers: [header]).hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test func `an announced body over the plan's limit is refused before it is sent`() async throws {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestBodyKB: QuotaLimit(wireValue: 1)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.talk(
                "POST /hello HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n"
            ) { $0.contains("\"limit\":1024") }
            #expect(reply.hasPrefix("HTTP/1.1 413 "))
            #expect(reply.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func `a chunked body over the limit is refused as soon as it is over`() async throws {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestBodyKB: QuotaLimit(wireValue: 1)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            let chunk = "400\r\n" + String(repeating: "x", count: 1024) + "\r\n"
            let reply = try await server.talk(
                "POST /hello HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk
            ) { _ in false }
            #expect(reply.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `a body of exactly the limit is taken`() async throws {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestBodyKB: QuotaLimit(wireValue: 1)!] }
        try await hosting.addRoute("POST", "/take", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            let reply = try await server.request("POST", "/take", body: String(repeating: "x", count: 1024))
            #expect(reply.hasSuffix("taken"))
        }
    }

    @Test func `a path without meaning is refused`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("GET", "/%zz")
            #expect(reply.hasPrefix("HTTP/1.1 400 "))
            #expect(reply.contains("\"code\":\"invalid_path\""))
        }
    }

    @Test func `a request with two hosts is refused`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request("GET", "/hello", headers: ["Host: other.localhost"])
            #expect(reply.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `a forwarded host is believed from a trusted proxy alone`() async throws {
        let proxies = try TrustedProxies(["127.0.0.0/8"])
        try await LoopbackServer.run(try await Hosting { $0.trustedProxies = proxies }) { server async throws in
            let reply = try await server.request(
                "GET", "/hello", host: "internal", headers: ["X-Forwarded-Host: acme.localhost, proxy"])
            #expect(reply.hasSuffix("hello"))
        }
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let reply = try await server.request(
                "GET", "/health", host: "localhost", headers: ["X-Forwarded-Host: acme.localhost"])
            #expect(reply.hasSuffix("healthy"))
        }
    }
}
