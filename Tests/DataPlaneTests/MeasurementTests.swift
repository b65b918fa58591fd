import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct MeasurementTests {
    @Test func `every answered request is in the ledger once`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("POST", "/take", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            for _ in 0..<3 { _ = try await server.request("GET", "/hello") }
            _ = try await server.request("POST", "/take", body: "1234567")
            _ = try await server.request("GET", "/nothing")
        }
        let totals = try await hosting.usage()
        #expect(totals.requests == 5)
        #expect(totals.requestBytes == 7)
    }

    @Test func `a request refused for its rate is in the metrics and, without a workspace, in the ledger`() async throws
    {
        let hosting = try await Hosting()
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 1)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            for _ in 0..<3 { _ = try await server.request("GET", "/hello") }
        }
        #expect(try await hosting.usage().requests == 3)
        #expect(try await hosting.usage(by: .workspace) == ["": 2, hosting.workspace.text: 1])
        #expect(
            hosting.metrics.contains("mockforge_tenant_requests_total{tenant_id=\"acme000001\",status=\"429\"} 2\n"))
        #expect(
            hosting.metrics.contains("mockforge_tenant_requests_total{tenant_id=\"acme000001\",status=\"200\"} 1\n"))
    }

    @Test func `the journal has what was asked and answered, without credentials`() async throws {
        let hosting = try await Hosting()
        let route = try await hosting.addRoute("POST", "/take", body: "taken")
        try await LoopbackServer.run(hosting) { server async throws in
            _ = try await server.request(
                "POST", "/w/default/take?a=1", headers: ["Authorization: Bearer secret", "X-Kind: test"],
                body: "payload")
        }
        let entry = try #require(try await hosting.entries().first)
        #expect(entry.method == "POST")
        #expect(entry.host == "acme.localhost")
        #expect(entry.path == "/take")
        #expect(entry.query == "a=1")
        #expect(entry.body == "payload")
        #expect(entry.status == 200)
        #expect(entry.routeID == route)
        #expect(entry.headers.contains { $0.name == "x-kind" && $0.value == "test" })
        #expect(entry.headers.contains { $0.name == "authorization" && $0.value == "[redacted]" })
    }

    @Test func `a sampled journal keeps about its share, and usage counts all`() async throws {
        let hosting = try await Hosting(settings: ["journal_sample": 0.3])
        try await LoopbackServer.run(hosting) { server async throws in
            for _ in 0..<60 { _ = try await server.request("GET", "/hello") }
        }
        #expect((5...35).contains(try await hosting.entries().count))
        #expect(try await hosting.usage().requests == 60)
    }

    @Test func `the journal keeps the first 64 KiB of a body`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in
            _ = try await server.request("POST", "/take", body: String(repeating: "x", count: 70_000))
        }
        let entry = try #require(try await hosting.entries().first)
        #expect(entry.isBodyTruncated)
        #expect(entry.body.utf8.count == 65_536)
    }

    @Test func `a tenant's durations are counted in the contract's buckets`() async throws {
        let hosting = try await Hosting()
        try await LoopbackServer.run(hosting) { server async throws in _ = try await server.request("GET", "/hello") }
        let prefix = "mockforge_tenant_request_duration_seconds_bucket{tenant_id=\"acme000001\",le=\""
        let edges = hosting.metrics.split(separator: "\n").filter { $0.hasPrefix(prefix) }
            .map { $0.dropFirst(prefix.count).prefix { $0 != "\"" } }
        #expect(
            edges == [
                "0.0001", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5",
                "0.75", "1", "2.5", "5", "7.5", "10", "+Inf",
            ])
    }

    @Test(arguments: [
        "mockforge_tenant_requests_total", "mockforge_tenant_request_duration_seconds",
        "mockforge_tenant_active_workspaces", "mockforge_tenant_quota_usage", "mockforge_active_tenants",
        "mockforge_total_requests_per_second", "mockforge_requests_per_second", "mockforge_database_connections",
        "mockforge_cache_hit_rate", "http_requests_per_second", "active_tenants",
    ])
    func `the contract's metric is there`(name: String) async throws {
        #expect(try await Hosting().metrics.contains("# TYPE \(name) "))
    }
}
