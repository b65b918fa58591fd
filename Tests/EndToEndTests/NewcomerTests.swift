import Foundation
import JSON
import Testing

extension EndToEnd {
    @Suite struct NewcomerTests {
        private static func shop() throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: Programs.repository + "/examples/shop.yaml")))
        }

        @Test func `a tenant is provisioned as the documentation shows`() async throws {
            let server = try await RunningServer()
            let reply = try await server.admin.post(
                "/tenants",
                [
                    "name": "Acme Corporation", "subdomain": "acme-corp", "plan": "professional",
                    "admin_email": "admin@acme.com", "admin_name": "John Doe",
                ])
            #expect(reply.status == 201)
            let tenant = reply.json
            #expect(tenant["name"] == "Acme Corporation")
            #expect(tenant["subdomain"] == "acme-corp")
            #expect(tenant["plan"] == "professional")
            #expect(tenant["status"] == "active")
            #expect(tenant["quotas"]?["max_workspaces"] == 100)
            #expect(tenant["quotas"]?["max_mocks"] == 1000)
            #expect(tenant["quotas"]?["max_requests_per_minute"] == 10000)
            #expect(tenant["api_key"]?.string?.hasPrefix("sk_live_") == true)
            #expect(tenant["tenant_id"]?.string != nil)
            #expect(tenant["created_at"]?.string?.hasSuffix("Z") == true)
        }

        @Test func `an imported file answers at every address of the tenant`() async throws {
            let server = try await RunningServer()
            let tenant = try await server.admin.tenant("acme-corp")
            let id = try #require(tenant["tenant_id"]?.string)
            let owner = server.api(try #require(tenant["api_key"]?.string))
            let imported = try await owner.importFile(Self.shop(), type: "application/yaml")
            #expect(imported.status == 201, "\(imported.text)")
            let answers = [
                try await HTTP(port: server.port, host: "acme-corp.localhost").get("/api/products"),
                try await HTTP(port: server.port, host: "tenant-\(id).localhost").get("/api/products"),
                try await HTTP(port: server.port, host: "localhost").get("/t/acme-corp/api/products"),
                try await HTTP(port: server.port, host: "localhost").get("/tenant/\(id)/api/products"),
                try await HTTP(port: server.port, host: "default--acme-corp.localhost").get("/api/products"),
                try await HTTP(port: server.port, host: "acme-corp.localhost").get("/w/default/api/products"),
            ]
            for answer in answers {
                #expect(answer.status == 200)
                #expect(answer.json["data"]?[0]?["name"] == "Linen apron", "\(answer.text)")
            }
        }

        @Test func `a restart keeps everything`() async throws {
            let first = try await RunningServer()
            let key = try #require(try await first.admin.tenant("keeper")["api_key"]?.string)
            _ = try await first.api(key).importFile(Self.shop(), type: "application/yaml")
            #expect(try await first.stop() == 0)

            let second = try await RunningServer(in: first.folder)
            #expect(try await second.api(key).get("/tenant").json["subdomain"] == "keeper")
            let answer = try await HTTP(port: second.port, host: "keeper.localhost").get("/api/products")
            #expect(answer.status == 200)
        }

        @Test func `a first start makes a token that works after a restart`() async throws {
            let first = try await RunningServer(environment: [:])
            let line = try await first.line(beginningWith: "Admin token, shown once: ")
            let token = String(line.dropFirst("Admin token, shown once: ".count))
            #expect(try await first.api(token).get("/tenants").status == 200)
            #expect(try await first.stop() == 0)

            let second = try await RunningServer(in: first.folder, environment: [:])
            #expect(try await second.api(token).get("/tenants").status == 200)
            #expect(!second.output.contains { $0.contains(token) })
            let path = first.folder.path + "/data/admin.token"
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }

        @Test func `the demo is made once and its three commands work`() async throws {
            let server = try await RunningServer(arguments: ["--demo"])
            let line = try await server.line(beginningWith: "  curl -H")
            #expect(line.contains("/api/v1/tenants"))
            let answer = try await HTTP(port: server.port, host: "demo.localhost").get("/api/products")
            #expect(answer.status == 200)
            #expect(try await HTTP(port: server.port, host: "localhost").get("/t/demo/api/products").status == 200)
            #expect(try await server.admin.get("/tenants").json["total"] == 1)
            #expect(try await server.stop() == 0)

            let again = try await RunningServer(in: server.folder, arguments: ["--demo"])
            _ = try await again.line(beginningWith: "  curl -H")
            #expect(try await again.admin.get("/tenants").json["total"] == 1)
        }

        @Test func `no secret reaches the log, the request's id and the tenant do`() async throws {
            let server = try await RunningServer(arguments: ["--set", "log.level=trace"])
            let tenant = try await server.admin.tenant("quiet")
            let key = try #require(tenant["api_key"]?.string)
            let id = try #require(tenant["tenant_id"]?.string)
            _ = try await server.api(key).get("/workspaces")
            #expect(try await server.stop() == 0)
            #expect(!server.log.contains(key))
            #expect(!server.log.contains(RunningServer.adminToken))
            #expect(server.log.contains("request_id="))
            #expect(server.log.contains("tenant_id=\(id)"))
        }
    }
}
