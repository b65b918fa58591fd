import Foundation
import JSON
import Testing

extension EndToEnd {
    @Suite struct CommandLineTests {
        @Test func `a tenant lives its whole life on the command line`() async throws {
            let server = try await RunningServer()
            let environment = ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": RunningServer.adminToken]
            func run(_ arguments: String...) async throws -> JSON {
                let result = try await Programs.run(arguments + ["--output", "json"], environment: environment)
                #expect(result.code == 0, "\(arguments): \(result.errors)")
                return try JSON.parse(result.output)
            }
            let tenant = try await run(
                "tenant", "create", "--name", "Acme", "--subdomain", "acme", "--plan", "professional", "--admin-email",
                "a@acme.com")
            let id = try #require(tenant["tenant_id"]?.string)
            #expect(try await run("tenant", "list")["total"] == 1)
            #expect(try await run("tenant", "show", id)["name"] == "Acme")
            let updated = try await run("tenant", "update", id, "--plan", "enterprise", "--quota", "max_mocks=5")
            #expect(updated["quotas"]?["max_mocks"] == 5)
            #expect(try await run("tenant", "suspend", id)["status"] == "suspended")
            #expect(try await run("tenant", "resume", id)["status"] == "active")
            #expect(try await run("tenant", "usage", id, "--period", "day")["total_requests"] == 0)
            let key = try await run("key", "create", "--name", "ci", "--scope", "read", "--tenant", id)
            let keyID = try #require(key["id"]?.string)
            #expect(try await run("key", "list", "--tenant", id)["total"] == 2)
            let successor = try await run("key", "rotate", keyID, "--tenant", id, "--overlap-seconds", "60")
            #expect(successor["id"]?.string != nil)
            #expect(successor["id"]?.string != keyID)
            _ = try await run("key", "revoke", keyID, "--tenant", id)
            _ = try await run("tenant", "delete", id)
            #expect(try await run("tenant", "restore", id)["status"] == "active")
            _ = try await run("tenant", "delete", id)
            _ = try await run("tenant", "purge", id, "--yes")
            let gone = try await Programs.run(["tenant", "show", id], environment: environment)
            #expect(gone.code == 1)
        }

        @Test func `a file is imported, seen and called`() async throws {
            let server = try await RunningServer()
            let key = try #require(try await server.admin.tenant("importer")["api_key"]?.string)
            let environment = ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": key]
            let file = Programs.repository + "/examples/shop.yaml"
            let dry = try await Programs.run(["import", file, "--dry-run"], environment: environment)
            #expect(dry.code == 0, "\(dry.errors)")
            #expect(dry.output.hasPrefix("would be: "))
            let made = try await Programs.run(["import", file], environment: environment)
            #expect(made.code == 0, "\(made.errors)")
            #expect(made.output.contains(" created, 0 updated, 0 unchanged, 0 removed"))
            #expect(made.output.contains("call it at http://importer.localhost:\(server.port)/api"))
            let again = try await Programs.run(["import", file], environment: environment)
            #expect(again.output.contains("0 created, 0 updated"), "\(again.output)")
            let staging = try await Programs.run(
                ["workspace", "create", "--name", "Staging"], environment: environment)
            #expect(staging.code == 0, "\(staging.errors)")
            let other = try await Programs.run(
                ["import", file, "--workspace", "staging", "--base-path", "/shop"], environment: environment)
            #expect(other.output.contains("/w/staging/shop"), "\(other.output) \(other.errors)")
            let http = HTTP(port: server.port, host: "importer.localhost")
            #expect(try await http.get("/api/products").status == 200)
            #expect(try await http.get("/w/staging/shop/products").status == 200)
        }

        @Test func `exit codes tell what went wrong`() async throws {
            let server = try await RunningServer()
            let good = ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": RunningServer.adminToken]
            let refused = try await Programs.run(
                [
                    "tenant", "create", "--name", "X", "--subdomain", "api", "--plan", "gold", "--admin-email", "none",
                ],
                environment: good)
            #expect(refused.code == 1)
            for place in ["/subdomain", "/plan", "/admin_email"] { #expect(refused.errors.contains(place)) }
            let stranger = try await Programs.run(
                ["tenant", "list"], environment: ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": "wrong"])
            #expect(stranger.code == 77)
            let nobody = try await Programs.run(["tenant", "list", "--url", "http://127.0.0.1:1"])
            #expect(nobody.code == 69)
            #expect(try await Programs.run(["tenant", "list", "--nonsense"]).code == 64)
            #expect(try await Programs.run(["import", "gone.yaml"], environment: good).code == 66)
        }

        @Test func `config show hides secrets and tells sources`() async throws {
            let result = try await Programs.run(
                ["config", "show", "--port", "9"], environment: ["MOCKFORGE_ADMIN_TOKEN": "0123456789abcdef"])
            #expect(result.code == 0)
            #expect(!result.output.contains("0123456789abcdef"))
            #expect(result.output.contains("flag --port"))
            #expect(result.output.contains("environment MOCKFORGE_ADMIN_TOKEN"))
        }

        @Test func `migrate says that a fresh folder is current, doctor that all is well`() async throws {
            let folder = try ScratchFolder()
            let migrated = try await Programs.run(["migrate"], in: folder)
            #expect(migrated.code == 0, "\(migrated.errors)")
            #expect(migrated.output.contains("everything is current"))
            let doctor = try await Programs.run(["doctor", "--management-port", "1"], in: folder)
            #expect(doctor.code == 0, "\(doctor.output) \(doctor.errors)")
            #expect(doctor.output.contains("all schemas are current"))
        }
    }
}
