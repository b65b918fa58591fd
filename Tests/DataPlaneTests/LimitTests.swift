import DataPlane
import Domain
import JSON
import Metering
import Persistence
import Prometheus
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LimitTests {
    private func quota(_ key: QuotaKey, _ value: Int) -> [QuotaKey: QuotaLimit] { [key: QuotaLimit(wireValue: value)!] }

    @Test func `requests in progress over the plan's number get 429 with a code of their own`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 20_000)
        let limit = quota(.maxConcurrentRequests, 1)
        try await hosting.changeTenant { $0.quotaOverrides = limit }
        try await LoopbackServer.run(hosting) { server async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // One of the requests below may have had the place.
                    while try await server.request("GET", "/slow").hasPrefix("HTTP/1.1 429 ") {}
                }
                var refused = ""
                let deadline = ContinuousClock.now + .seconds(20)
                while !refused.contains("too_many_concurrent_requests"), ContinuousClock.now < deadline {
                    refused = try await server.request("POST", "/hello", body: "x")
                }
                #expect(refused.hasPrefix("HTTP/1.1 429 "))
                #expect(refused.contains("\"quota\":\"max_concurrent_requests\""))
                // What is answered at once is in progress for no time.
                #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
                group.cancelAll()
            }
        }
    }

    @Test func `bodies beyond the plan's bandwidth make the next requests wait`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/big", body: .string(String(repeating: "x", count: 20_000)))
        // 1,000 bytes a second, so 10,000 at once.
        let limit = quota(.maxBandwidthKbps, 8)
        try await hosting.changeTenant { $0.quotaOverrides = limit }
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/big").hasPrefix("HTTP/1.1 200 "))
            let refused = try await server.request("GET", "/hello")
            #expect(refused.hasPrefix("HTTP/1.1 429 "))
            #expect(refused.contains("\"code\":\"bandwidth_exceeded\""))
            #expect(refused.contains("\r\nRetry-After: 10\r\n") || refused.contains("\r\nRetry-After: 11\r\n"))
            hosting.world.advance(by: .seconds(11))
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a refusal is the same to the byte on either way of answering`() async throws {
        let hosting = try await Hosting()
        let limit = quota(.maxRequestsPerMinute, 1)
        try await hosting.changeTenant { $0.quotaOverrides = limit }
        try await LoopbackServer.run(hosting) { server async throws in
            _ = try await server.request("GET", "/hello")
            func lines(_ reply: String) -> [String] {
                reply.split(separator: "\r\n").map(String.init).filter { !$0.hasPrefix("X-Request-Id: ") }
                    .map { line in
                        guard line.hasPrefix("{"), let json = try? JSON.parse(line), var object = json.object else {
                            return line
                        }
                        object["request_id"] = nil
                        return JSON.object(object).text
                    }.filter { !$0.hasPrefix("Content-Length") }.sorted()
            }
            let plain = try await server.request("GET", "/hello")
            #expect(plain.hasPrefix("HTTP/1.1 429 "))
            // A request id of the client's own is for the codec.
            let other = try await server.request("GET", "/hello", headers: ["X-Request-Id: mine"])
            #expect(lines(plain) == lines(other))
        }
    }

    @Test func `with the operator's switch on report everything passes and the reply names the limit`() async throws {
        let hosting = try await Hosting()
        let limit = quota(.maxRequestsPerMinute, 1)
        try await hosting.changeTenant { $0.quotaOverrides = limit }
        try await LoopbackServer.run(hosting) { server async throws in
            _ = try await server.request("GET", "/hello")
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 429 "))
            hosting.enforcement.set(.report)
            let passed = try await server.request("GET", "/hello")
            #expect(passed.hasPrefix("HTTP/1.1 200 "))
            #expect(passed.contains("\r\nMockForge-Would-Refuse: max_requests_per_minute\r\n"))
            hosting.enforcement.set(.enforce)
            #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 429 "))
        }
        let metrics = String(decoding: hosting.registry.text(), as: UTF8.self)
        #expect(metrics.contains("mockforge_quota_passed_over_total{quota_type=\"max_requests_per_minute\"} 1"))
    }

    @Test func `a plan that only reports refuses nothing`() async throws {
        let hosting = try await Hosting {
            var plan = Plan.free
            plan.enforcement = .report
            plan.quotas[.maxRequestsPerMinute] = QuotaLimit(wireValue: 1)
            let reporting = plan
            $0.plan = { _ in reporting }
        }
        try await LoopbackServer.run(hosting) { server async throws in
            for _ in 0..<3 { #expect(try await server.request("GET", "/hello").hasPrefix("HTTP/1.1 200 ")) }
        }
    }
}
