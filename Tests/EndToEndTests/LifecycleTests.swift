import Foundation
import JSON
import Persistence
import Testing

extension EndToEnd {
    @Suite struct LifecycleTests {
        @Test func `SIGTERM lets a request in progress end, turns readiness off and exits 0`() async throws {
            let server = try await RunningServer()
            let key = try #require(try await server.admin.tenant("slow")["api_key"]?.string)
            let owner = server.api(key)
            let workspace = try await owner.defaultWorkspace()
            let mock = try await owner.post("/workspaces/\(workspace)/mocks", ["name": "Slow", "base_path": "/s"])
            let id = try #require(mock.json["id"]?.string, "\(mock.text)")
            let route = try await owner.post(
                "/mocks/\(id)/routes",
                [
                    "name": "late", "method": "GET", "path": "/late",
                    "responses": [["status": 200, "body": "done", "delay": ["ms": 2000]]],
                ])
            #expect(route.status == 201, "\(route.text)")
            let http = HTTP(port: server.port, host: "slow.localhost")
            let late = Task { try await http.get("/s/late") }
            try await Task.sleep(for: .milliseconds(700))
            server.terminate()
            try await Task.sleep(for: .milliseconds(300))
            var readiness: [Int] = []
            for node in server.nodes {
                // A node that had nothing to end is gone already.
                guard let reply = try? await HTTP(port: node.managementPort).get("/health/ready") else { continue }
                readiness.append(reply.status)
            }
            #expect(readiness.allSatisfy { $0 == 503 } && !readiness.isEmpty, "\(readiness)")
            let answer = try await late.value
            #expect(answer.status == 200)
            #expect(try await server.exitCode() == 0)
        }

        @Test func `usage counted before SIGTERM is there after a restart`() async throws {
            let first = try await RunningServer(arguments: ["--set", "usage.flush_seconds=3600"])
            let key = try #require(try await first.admin.tenant("counted")["api_key"]?.string)
            for _ in 0..<5 { _ = try await HTTP(port: first.port, host: "counted.localhost").get("/nothing") }
            #expect(try await first.stop() == 0)
            let second = try await RunningServer(in: first.folder)
            #expect(try await second.api(key).get("/usage?period=day").json["total_requests"] == 5)
        }

        @Test(.enabled(if: Deployment.isEmbedded, "nodes whose stores are elsewhere may share a folder"))
        func `two servers cannot have one data folder`() async throws {
            let server = try await RunningServer()
            let other = try await Programs.run(
                [
                    "serve", "--port", "0", "--management-port", "0", "--data-dir", server.folder.path + "/data",
                ])
            #expect(other.code == 78)
            #expect(other.errors.contains("in use by another mockforge"))
        }

        @Test(.enabled(if: Deployment.isEmbedded, "StartupTests does the same with PostgreSQL"))
        func `data of a newer version is not served, and the sentence says so`() async throws {
            let server = try await RunningServer()
            #expect(try await server.stop() == 0)
            let data = server.folder.path + "/data"
            let database = try SQLiteDatabase(folder: data)
            _ = try await database.write(.platform) { sql in
                try sql.execute(
                    "INSERT INTO ledger (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                    [.integer(9999), .text("from_the_future"), .text("0"), .integer(0)])
            }
            try await database.close()
            let other = try await Programs.run(["serve", "--port", "0", "--management-port", "0", "--data-dir", data])
            #expect(other.code == 78)
            #expect(other.errors.contains("9999"), "\(other.errors)")
            #expect(other.errors.contains("newer"), "\(other.errors)")
        }

        @Test func `a port that is taken ends the start with the key's name`() async throws {
            let server = try await RunningServer()
            let other = try await Programs.run(["serve", "--port", "\(server.port)", "--management-port", "0"])
            #expect(other.code == 78)
            #expect(other.errors.contains("server.port"))
            #expect(other.errors.contains("another process listens there"))
        }

        @Test func `a wrong configuration ends with 78, the key, the file and the line`() async throws {
            let folder = try ScratchFolder()
            try folder.write("server:\n  prot: 1\n", to: "mockforge.yaml")
            let result = try await Programs.run(["serve"], in: folder)
            #expect(result.code == 78)
            #expect(result.errors.contains("mockforge.yaml:2: server.prot is not a known key"))
        }

        @Test func `a database of another kind ends with 78 and a sentence`() async throws {
            let result = try await Programs.run(["serve", "--database-url", "mysql://u:p@h/d"])
            #expect(result.code == 78)
            #expect(result.errors.contains("database.url asks for \"mysql\""))
            #expect(!result.errors.contains("u:p"))
        }

        @Test func `metrics and health are on the management port`() async throws {
            let server = try await RunningServer()
            let management = HTTP(port: server.managementPort)
            #expect(try await management.get("/health/live").status == 200)
            #expect(try await HTTP(port: server.port).get("/health").status == 200)
            _ = try await server.admin.tenant("measured")
            for node in server.nodes { _ = try await HTTP(port: node.port, host: "measured.localhost").get("/x") }
            let metrics = try await management.get("/metrics").text
            for name in [
                "mockforge_tenant_requests_total", "mockforge_tenant_request_duration_seconds",
                "mockforge_tenant_active_workspaces", "mockforge_tenant_quota_usage", "mockforge_active_tenants",
                "mockforge_total_requests_per_second", "mockforge_requests_per_second",
                "mockforge_database_connections", "mockforge_cache_hit_rate", "http_requests_per_second",
                "active_tenants",
            ] {
                #expect(metrics.contains("\n# TYPE \(name) ") || metrics.hasPrefix("# TYPE \(name) "), "\(name)")
            }
        }
    }
}
