import JSON
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct UsageCrashTests {
        private static let clients = 8

        /// What the clients of all runs have seen together.
        private final class Tally: Sendable {
            let sent = Atomic<Int>(0)
            let received = Atomic<Int>(0)
        }

        @Test func `ten times kill -9 under load lose no answered request and count none twice`() async throws {
            var server = try await RunningServer()
            let tenant = try await server.admin.tenant("counted", plan: "enterprise")
            let key = try #require(tenant["api_key"]?.string)
            let id = try #require(tenant["tenant_id"]?.string)
            let workspace = try await server.api(key).defaultWorkspace()
            let mock = try await server.api(key).post("/workspaces/\(workspace)/mocks", ["name": "Shop"])
            let mockID = try #require(mock.json["id"]?.string)
            let route = try await server.api(key).post(
                "/mocks/\(mockID)/routes",
                ["name": "Hello", "method": "GET", "path": "/hello", "responses": [["status": 200, "body": "hello"]]])
            try #require(route.status == 201, "\(route.text)")

            let tally = Tally()
            for round in 0..<10 {
                // Now and then everything is in the ledger, now and then nothing, now and then half.
                let answers = [20, 300, 900][round % 3]
                let goal = tally.received.load(ordering: .relaxed) + answers
                await withTaskGroup { group in
                    let port = server.port
                    for _ in 0..<Self.clients {
                        group.addTask { await Self.load(HTTP(port: port, host: "counted.localhost"), tally) }
                    }
                    group.addTask { [server] in
                        while tally.received.load(ordering: .relaxed) < goal {
                            try? await Task.sleep(for: .milliseconds(1))
                        }
                        if round % 4 == 3 { _ = try? await server.admin.get("/tenants/\(id)/usage") }
                        try? await server.kill()
                    }
                }
                server = try await RunningServer(in: server.folder)
            }

            let (sent, received) = (tally.sent.load(ordering: .relaxed), tally.received.load(ordering: .relaxed))
            // The start writes down what the killed runs left; the report waits for nothing else.
            var counted = 0
            for _ in 0..<200 where counted < received {
                counted = try await server.admin.get("/tenants/\(id)/usage").json["total_requests"]?.integer ?? 0
            }
            #expect(received >= 3680)
            #expect(counted >= received)
            #expect(counted <= sent)
            #expect(counted - received <= 10 * Self.clients)
            #expect(sent - received <= 10 * Self.clients)
        }

        /// Asks until the server is gone.
        private static func load(_ http: HTTP, _ tally: Tally) async {
            while true {
                tally.sent.add(1, ordering: .relaxed)
                guard let reply = try? await http.get("/hello"), reply.status == 200 else { return }
                tally.received.add(1, ordering: .relaxed)
            }
        }
    }
}
