import Foundation
import JSON
import Testing

extension EndToEnd {
    /// Whichever node is asked, the answer is the same.
    @Suite(.enabled(if: Deployment.current == .cluster, "one node cannot disagree with itself"))
    struct NodesTests {
        private static let admin = ["MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken]
        /// Every node keeps to itself what the others should hear of.
        private static let deaf = admin.merging(["MOCKFORGE_REDIS_URL": "memory"]) { $1 }

        private func change(_ server: RunningServer, within limit: Duration) async throws {
            let example = try await Example(server, "changes")
            let route = try await example.route("/it", ["status": 200, "body": "old"])
            for node in server.nodes { #expect(try await example.http(node.port).get("/x/it").text == "old") }
            let changed = try await API(port: server.nodes[0].port, token: example.key).send(
                "PATCH", "/mocks/\(example.mock)/routes/\(route)", ["responses": [["status": 200, "body": "new"]]])
            #expect(changed.status == 200, "\(changed.text)")
            #expect(try await example.http(server.nodes[0].port).get("/x/it").text == "new")
            for node in server.nodes[1...] {
                let delay = try await eventually(within: limit) {
                    try await example.http(node.port).get("/x/it").text == "new"
                }
                #expect(delay != nil, "not within \(limit)")
            }
        }

        @Test func `a change is served by every other node within a second`() async throws {
            try await change(try await RunningServer(environment: Self.admin), within: .seconds(1))
        }

        @Test func `a change is served within 15 seconds when announcements are lost`() async throws {
            try await change(try await RunningServer(environment: Self.deaf), within: .seconds(15))
        }

        private func revocation(_ server: RunningServer, within limit: Duration) async throws {
            let example = try await Example(server, "revoked")
            try await example.route("/it", ["status": 200, "body": "ok"])
            let closed = try await example.owner.send(
                "PATCH", "/workspaces/\(example.workspace)", ["settings": ["require_api_key": true]])
            #expect(closed.status == 200, "\(closed.text)")
            let made = try await example.owner.post("/api-keys", ["name": "mock", "scope": "read"])
            let key = try #require(made.json["api_key"]?.string ?? made.json["key"]?.string, "\(made.text)")
            let id = try #require(made.json["id"]?.string)
            func status(_ node: RunningNode, _ key: String?) async throws -> Int {
                try await example.http(node.port).get(
                    "/x/it", headers: key.map { [("x-api-key", $0)] } ?? []
                ).status
            }
            for node in server.nodes {
                #expect(
                    try await eventually(within: .seconds(15)) {
                        let (without, with) = (try await status(node, nil), try await status(node, key))
                        return without == 401 && with == 200
                    } != nil)
            }
            let revoked = try await API(port: server.nodes[0].port, token: example.key).send(
                "DELETE", "/api-keys/\(id)")
            #expect(revoked.status == 204, "\(revoked.text)")
            for node in server.nodes {
                #expect(try await API(port: node.port, token: key).get("/tenant").status == 401)
                #expect(try await eventually(within: limit) { try await status(node, key) == 401 } != nil)
            }
        }

        @Test func `a revoked key opens nothing on any node within a second`() async throws {
            try await revocation(try await RunningServer(environment: Self.admin), within: .seconds(1))
        }

        @Test func `a revoked key opens nothing within 15 seconds when announcements are lost`() async throws {
            try await revocation(try await RunningServer(environment: Self.deaf), within: .seconds(15))
        }

        private func suspension(_ server: RunningServer, within limit: Duration) async throws {
            let example = try await Example(server, "paused")
            try await example.route("/it", ["status": 200, "body": "ok"])
            for node in server.nodes { #expect(try await example.http(node.port).get("/x/it").status == 200) }
            let suspended = try await API(port: server.nodes[0].port, token: RunningServer.adminToken).send(
                "PATCH", "/tenants/\(example.id)", ["status": "suspended"])
            #expect(suspended.status == 200, "\(suspended.text)")
            for node in server.nodes {
                #expect(
                    try await eventually(within: limit) { try await example.http(node.port).get("/x/it").status == 403 }
                        != nil)
            }
        }

        @Test func `a suspended tenant is refused by every node within a second`() async throws {
            try await suspension(try await RunningServer(environment: Self.admin), within: .seconds(1))
        }

        @Test func `a suspended tenant is refused within 15 seconds when announcements are lost`() async throws {
            try await suspension(try await RunningServer(environment: Self.deaf), within: .seconds(15))
        }

        @Test func `an idempotency key holds on every node, at the same moment too`() async throws {
            let server = try await RunningServer(environment: Self.admin)
            let body: JSON = [
                "name": "Once", "subdomain": "once", "plan": "free", "admin_email": "admin@example.com",
            ]
            let replies = try await withThrowingTaskGroup { group in
                for node in server.nodes {
                    group.addTask {
                        try await API(port: node.port, token: RunningServer.adminToken).send(
                            "POST", "/tenants", body, idempotencyKey: "three-nodes-0001")
                    }
                }
                return try await group.reduce(into: [HTTP.Reply]()) { $0.append($1) }
            }
            let made = replies.filter { $0.status == 201 }
            #expect(made.count >= 1, "\(replies.map(\.text))")
            // Who came in the middle of the work is told to come again, and then gets the same answer.
            for node in server.nodes {
                let again = try await API(port: node.port, token: RunningServer.adminToken).send(
                    "POST", "/tenants", body, idempotencyKey: "three-nodes-0001")
                #expect(again.status == 201, "\(again.text)")
                #expect(again.json == made.first?.json)
            }
            #expect(try await server.admin.get("/tenants").json["total"] == 1)
            #expect(try await server.schemaCount() == 1)

            let other = try await API(port: server.nodes[1].port, token: RunningServer.adminToken).send(
                "POST", "/tenants", ["name": "Other"], idempotencyKey: "three-nodes-0001")
            #expect(other.status == 422, "\(other.text)")
        }

        @Test func `a session opens every node, until it is ended on one`() async throws {
            let services = try await Services()
            let server = try await RunningServer(environment: Self.admin, services: services)
            let example = try await Example(server, "signed-in")
            let email = "viewer@example.com"
            let invited = try await example.owner.post("/members", ["email": .string(email), "role": "viewer"])
            #expect(invited.status == 201, "\(invited.text)")
            let asked = try await post(
                to: server.nodes[0], "/sign-in", ["email": .string(email), "subdomain": "signed-in"])
            #expect(asked.status == 202, "\(asked.text)")
            var code: String?
            _ = try await eventually(within: .seconds(10)) {
                code = try services.mails().lazy.compactMap(Self.signInCode).first
                return code != nil
            }
            let session = try await post(
                to: server.nodes[1], "/sessions", ["token": .string(try #require(code))])
            let token = try #require(session.json["session_token"]?.string, "\(session.text)")
            let ports = server.nodes.map(\.port)
            for port in ports { #expect(try await API(port: port, token: token).get("/tenant").status == 200) }
            let ended = try await API(port: ports[2], token: token).send("DELETE", "/session")
            #expect(ended.status == 204, "\(ended.text)")
            for port in ports { #expect(try await API(port: port, token: token).get("/tenant").status == 401) }
        }

        private func post(to node: RunningNode, _ path: String, _ body: JSON) async throws -> HTTP.Reply {
            try await HTTP(port: node.port).send(
                "POST", "/api/v1" + path, headers: [("content-type", "application/json")], body: body.bytes)
        }

        private static func signInCode(_ mail: String) -> String? {
            guard mail.contains("Subject: Sign in"), let link = mail.range(of: "/sessions#") else { return nil }
            return String(mail[link.upperBound...].prefix { !$0.isWhitespace })
        }

        @Test func `a rate limit is one limit over all nodes`() async throws {
            let server = try await RunningServer(environment: Self.admin)
            let limit = 90
            let example = try await Example(server, "limited", quotas: ["max_requests_per_minute": JSON(limit)])
            try await example.route("/it", ["status": 200, "body": "ok"])
            var admitted = 0
            var refused = 0
            for number in 0..<(limit * 3) {
                let node = server.nodes[number % server.nodes.count]
                switch try await example.http(node.port).get("/x/it").status {
                case 200: admitted += 1
                case 429: refused += 1
                case let status: Issue.record("status \(status)")
                }
            }
            #expect(admitted <= limit, "\(admitted) admitted")
            // What a node holds as a lease and does not use is the limit's loss, for a few seconds.
            #expect(admitted >= limit * 8 / 10, "\(admitted) admitted")
            #expect(refused == limit * 3 - admitted)
        }

        @Test func `a sequence of responses goes on whichever node is asked`() async throws {
            let server = try await RunningServer(environment: Self.admin)
            let example = try await Example(server, "sequence")
            try await example.route(
                "/steps", ["status": 200, "body": "1"], ["status": 200, "body": "2"], ["status": 200, "body": "3"],
                selection: "sequence")
            var seen: [String] = []
            for number in 0..<5 {
                let node = server.nodes[number % server.nodes.count]
                seen.append(try await example.http(node.port).get("/x/steps").text)
            }
            #expect(seen == ["1", "2", "3", "1", "2"])
        }

        @Test func `the journal and verification tell of requests on all nodes`() async throws {
            let server = try await RunningServer(environment: Self.admin)
            let example = try await Example(server, "journal")
            try await example.route("/it", ["status": 200, "body": "ok"])
            for number in 0..<9 {
                let node = server.nodes[number % server.nodes.count]
                #expect(try await example.http(node.port).get("/x/it?n=\(number)").status == 200)
            }
            for node in server.nodes {
                let owner = API(port: node.port, token: example.key)
                let listed = try await eventually(within: .seconds(2)) {
                    let reply = try await owner.get("/workspaces/\(example.workspace)/requests")
                    let queries = (reply.json["data"]?.array ?? []).compactMap { $0["query"]?.string }
                    // Newest first.
                    return queries == (0..<9).reversed().map { "n=\($0)" }
                }
                #expect(listed != nil)
                let verified = try await owner.post(
                    "/workspaces/\(example.workspace)/requests/verify",
                    ["method": "GET", "path": "/x/it", "expected": ["exactly": 9]])
                #expect(verified.json["verified"] == true, "\(verified.text)")
                #expect(verified.json["count"] == 9)
            }
        }

        @Test func `usage of all nodes is one sum`() async throws {
            let server = try await RunningServer(
                arguments: ["--set", "usage.flush_seconds=1"], environment: Self.admin)
            let example = try await Example(server, "summed")
            try await example.route("/it", ["status": 200, "body": "ok"])
            for number in 0..<30 {
                _ = try await example.http(server.nodes[number % server.nodes.count].port).get("/x/it")
            }
            for node in server.nodes {
                let admin = API(port: node.port, token: RunningServer.adminToken)
                #expect(
                    try await eventually(within: .seconds(5)) { try await Example.usage(admin, example.id) == 30 }
                        != nil)
            }
        }
    }
}
