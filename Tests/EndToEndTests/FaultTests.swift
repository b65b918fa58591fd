import Foundation
import JSON
import NIOHTTP1
import Testing

extension EndToEnd {
    /// Things break under load; afterwards what clients got and what was counted must agree.
    @Suite(.enabled(if: Deployment.current == .cluster, "one node has no other to go on"))
    struct FaultTests {
        private static let arguments = ["--set", "usage.flush_seconds=1"]

        private func example(_ server: RunningServer) async throws -> Example {
            let example = try await Example(server, "load", plan: "enterprise")
            try await example.route("/it", ["status": 200, "body": "ok"])
            for node in server.nodes { #expect(try await example.http(node.port).get("/x/it").status == 200) }
            return example
        }

        /// Every answered mock request is counted once; one without an answer may be.
        private func reconcile(
            _ tally: Load.Tally, _ server: RunningServer, _ example: Example, warmUps: Int = 3
        ) async throws {
            let (least, most) = (tally.succeeded + warmUps, tally.succeeded + tally.failed + warmUps)
            var counted = 0
            let settled = try await eventually(within: .seconds(20)) {
                counted = (try? await Example.usage(server.admin, example.id)) ?? 0
                return (least...most).contains(counted)
            }
            #expect(settled != nil, "counted \(counted), clients got \(tally)")
        }

        @Test func `kill -9 of a node costs at most what was in flight on it`() async throws {
            let server = try await RunningServer(arguments: Self.arguments)
            let example = try await example(server)
            let clients = 6
            let load = Load(example.http(server.port), "/x/it", clients: clients)
            try await load.more(200)
            server.nodes[1].process.kill()
            try await load.more(600)
            let tally = await load.stop()
            #expect(tally.failed <= clients, "\(tally)")
            #expect(tally.succeeded >= 800)
            // A node in its place finds what the dead one had counted.
            let successor = try server.successor(of: server.nodes[1])
            try await successor.ready()
            try await reconcile(tally, server, example)
        }

        @Test func `a node that is asked to stop loses no request`() async throws {
            let server = try await RunningServer(
                arguments: Self.arguments + ["--set", "server.stop_delay_seconds=2"])
            let example = try await example(server)
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(200)
            server.nodes[2].process.terminate()
            #expect(try await server.nodes[2].process.exitCode(upTo: .seconds(30)) == 0)
            try await load.more(300)
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            try await reconcile(tally, server, example)
        }

        @Test func `a restart of PostgreSQL stops no mock traffic, and writes succeed later`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await example(server)
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(100)
            try await services.stop("postgres")
            try await load.more(200)
            let refused = try await example.owner.post("/workspaces", ["name": "Refused"])
            #expect(refused.status == 503, "\(refused.text)")
            #expect(refused.headers.first(name: "retry-after") != nil)
            try await load.more(200)
            try await services.start("postgres")
            let back = try await eventually(within: .seconds(30)) {
                try await example.owner.post("/workspaces", ["name": "Later"]).status == 201
            }
            #expect(back != nil)
            try await load.more(200)
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            let names = (try await example.owner.get("/workspaces").json["data"]?.array ?? []).map {
                $0["name"]?.string
            }
            #expect(names.count { $0 == "Later" } == 1)
            #expect(!names.contains("Refused"))
            try await reconcile(tally, server, example)
        }

        @Test func `without Redis every node goes on, and again with it`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await example(server)
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(200)
            try await services.stop("redis")
            try await load.more(400)
            let made = try await example.owner.post("/workspaces", ["name": "Without"])
            #expect(made.status == 201, "\(made.text)")
            try await services.start("redis")
            try await load.more(400)
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            try await reconcile(tally, server, example)
            // Announcements are heard again.
            let route = try await example.route("/late", ["status": 200, "body": "old"])
            for node in server.nodes { _ = try await example.http(node.port).get("/x/late") }
            let patched = try await example.owner.send(
                "PATCH", "/mocks/\(example.mock)/routes/\(route)", ["responses": [["status": 200, "body": "new"]]])
            #expect(patched.status == 200)
            for node in server.nodes {
                #expect(
                    try await eventually(within: .seconds(2)) {
                        try await example.http(node.port).get("/x/late").text == "new"
                    } != nil)
            }
        }

        @Test func `without its object store a node serves on, and imports succeed later`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await example(server)
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(100)
            try await services.stop("s3")
            let shop = Array(
                try Data(contentsOf: URL(fileURLWithPath: Programs.repository + "/examples/shop.yaml")))
            let refused = try await example.owner.importFile(shop, type: "application/yaml")
            #expect(refused.status == 503, "\(refused.text)")
            #expect(refused.headers.first(name: "retry-after") != nil)
            let mocks = try await example.owner.get("/workspaces/\(example.workspace)/mocks")
            #expect(mocks.json["total"] == 1, "\(mocks.text)")
            try await load.more(200)
            try await services.start("s3")
            let imported = try await eventually(within: .seconds(30)) {
                try await example.owner.importFile(shop, type: "application/yaml").status == 201
            }
            #expect(imported != nil)
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            try await reconcile(tally, server, example)
        }

        @Test
        func `a full object store stops no mock traffic; imports are refused whole, and succeed when there is room`()
            async throws
        {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await example(server)
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(100)
            let shop = Array(
                try Data(contentsOf: URL(fileURLWithPath: Programs.repository + "/examples/shop.yaml")))
            var imported = 0
            func tryImport() async throws -> HTTP.Reply {
                let name = "shop-\(imported)"
                let reply = try await example.owner.importFile(
                    shop, type: "application/yaml", query: "?name=\(name)&base_path=/\(name)")
                if reply.status == 201 { imported += 1 }
                return reply
            }
            func mocks() async throws -> Int? {
                try await example.owner.get("/workspaces/\(example.workspace)/mocks").json["total"]?.integer
            }
            try await services.fill("s3")
            // The server hears of its limit within a quarter of a minute.
            var refused: HTTP.Reply?
            _ = try await eventually(within: .seconds(60)) {
                let reply = try await tryImport()
                if reply.status != 201 { refused = reply }
                return refused != nil
            }
            #expect(refused?.status == 503, "\(refused?.text ?? "never refused")")
            #expect(refused?.headers.first(name: "retry-after") != nil)
            #expect(try await mocks() == 1 + imported)
            try await load.more(200)
            try await services.empty("s3")
            let back = try await eventually(within: .seconds(60)) { try await tryImport().status == 201 }
            #expect(back != nil)
            #expect(try await mocks() == 1 + imported)
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            try await reconcile(tally, server, example)
        }
    }
}
