import Foundation
import JSON
import Testing

extension EndToEnd {
    /// What clients and quotas see of a Redis that forgets everything, or is not there.
    @Suite(.enabled(if: Deployment.current == .cluster, "one node shares nothing"))
    struct RedisLossTests {
        private static let arguments = ["--set", "usage.flush_seconds=1"]
        /// Requests in 60 seconds.
        private static let limit = 600

        private static func flush(_ services: Services) async throws {
            let process = try ChildProcess(
                "/usr/bin/redis-cli", ["-u", services.url("REDIS"), "FLUSHALL"], in: "/tmp", environment: [:])
            #expect(try await process.exitCode(upTo: .seconds(30)) == 0)
        }

        @Test func `FLUSHALL under load breaks no request and loses no usage`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await Example(server, "flushed", plan: "enterprise")
            try await example.route("/it", ["status": 200, "body": "ok"])
            let load = Load(example.http(server.port), "/x/it")
            for _ in 0..<10 {
                try await load.more(60)
                try await Self.flush(services)
            }
            let tally = await load.stop()
            #expect(tally.failed == 0, "\(tally)")
            var counted = 0
            let settled = try await eventually(within: .seconds(60)) {
                counted = try await Example.usage(server.admin, example.id)
                return counted == tally.succeeded
            }
            #expect(settled != nil, "counted \(counted), clients got \(tally)")
        }

        @Test func `when a master of a Redis Cluster dies, no request gets an error and none is lost`() async throws {
            let redis = try await ReplicatedRedis()
            let server = try await RunningServer(
                arguments: Self.arguments,
                environment: [
                    "MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken, "MOCKFORGE_REDIS_URL": redis.url,
                ])
            // Of each master's tenants, whichever dies.
            var examples: [Example] = []
            for number in 0..<6 { examples.append(try await Example(server, "failover-\(number)", plan: "enterprise")) }
            var loads: [Load] = []
            for example in examples {
                try await example.route(
                    "/it", ["status": 200, "body": "1"], ["status": 200, "body": "2"], selection: "sequence")
                loads.append(Load(example.http(server.port), "/x/it", clients: 1))
            }
            for load in loads { try await load.more(20) }
            try await redis.killMaster()
            for load in loads { try await load.more(50) }
            for (example, load) in zip(examples, loads) {
                let tally = await load.stop()
                #expect(tally.failed == 0, "\(tally)")
                let settled = try await eventually(within: .seconds(60)) {
                    try await Example.usage(server.admin, example.id) == tally.succeeded
                }
                #expect(settled != nil, "clients got \(tally)")
            }
        }

        @Test func `FLUSHALL gives no second quota: at most a tenth of the limit passes on top`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await Example(
                server, "leased", plan: "enterprise", quotas: ["max_requests_per_minute": 600])
            try await example.route("/it", ["status": 200, "body": "ok"])
            let begun = ContinuousClock.now
            let load = Load(example.http(server.port), "/x/it")
            try await load.more(Self.limit / 2)
            try await Self.flush(services)
            // A second flush meets a quota that is used up.
            guard try await eventually(within: .seconds(30), { load.now.byStatus[429, default: 0] > 20 }) != nil else {
                throw ChildProcess.Failure(description: "nothing is refused: \(load.now)")
            }
            try await Self.flush(services)
            try await load.more(300)
            let tally = await load.stop()
            // Everything fell into one window, else the numbers say nothing.
            try #require(ContinuousClock.now - begun < .seconds(60))
            #expect(tally.byStatus.keys.allSatisfy { $0 == 200 || $0 == 429 }, "\(tally)")
            #expect(tally.broken == 0)
            #expect(tally.succeeded <= Self.limit + 2 * Self.limit / 10, "\(tally)")
            #expect(tally.succeeded >= Self.limit * 9 / 10, "\(tally)")
        }

        @Test func `without Redis each node serves a share, says so once, and shows it`() async throws {
            let services = try await Services()
            let server = try await RunningServer(arguments: Self.arguments, services: services)
            let example = try await Example(
                server, "alone", plan: "enterprise", quotas: ["max_requests_per_minute": 600])
            try await example.route("/it", ["status": 200, "body": "ok"])
            for node in server.nodes { #expect(try await example.http(node.port).get("/x/it").status == 200) }
            try await services.stop("redis")
            for node in server.nodes {
                let noticed = try await eventually(within: .seconds(60)) {
                    try await HTTP(port: node.managementPort).get("/metrics").text.split(separator: "\n")
                        .contains("mockforge_lease_store_down 1")
                }
                #expect(noticed != nil)
            }
            var total = 0
            for node in server.nodes {
                let load = Load(example.http(node.port), "/x/it", pause: .milliseconds(1))
                try await load.more(400)
                let tally = await load.stop()
                #expect(tally.broken == 0, "\(tally)")
                #expect(tally.succeeded > 0, "\(tally)")
                #expect(tally.byStatus[429, default: 0] > 0, "\(tally)")
                total += tally.succeeded
            }
            #expect(total <= Self.limit)
            let sentence = "the store of rate leases does not answer"
            for node in server.nodes {
                #expect(
                    node.process.errorText.components(separatedBy: sentence).count == 2, "\(node.process.errorText)")
            }
        }
    }
}
