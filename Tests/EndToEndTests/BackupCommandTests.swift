import Foundation
import JSON
import Testing

extension EndToEnd {
    @Suite struct BackupCommandTests {
        /// Backups of a running server lie in its data folder, or in a bucket where there is one.
        enum Place: String, CaseIterable {
            case folder, bucket

            static var all: [Place] { Self.bucketURL == nil ? [.folder] : allCases }
            static let bucketURL = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_S3_URL"]

            /// A prefix of the test's own.
            var address: String? {
                guard self == .bucket, let url = Self.bucketURL, let query = url.firstIndex(of: "?") else { return nil }
                let prefix = "/" + UUID().uuidString.lowercased()
                return url[..<query] + prefix + url[query...] + "&create_bucket=true"
            }
        }

        @Test(arguments: Place.all)
        func `a running server backs up, verifies and brings a tenant back with its files`(place: Place) async throws {
            var variables = ["MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken]
            if let address = place.address {
                variables["MOCKFORGE_STORAGE_URL"] = address
                variables["MOCKFORGE_BACKUP_URL"] = place.address
            }
            variables["MOCKFORGE_BACKUP_KEY"] = Data(repeating: 7, count: 32).base64EncodedString()
            let server = try await RunningServer(environment: variables, deployment: .embedded)
            let environment = ["MOCKFORGE_TOKEN": RunningServer.adminToken]
            func run(_ arguments: String...) async throws -> JSON {
                let result = try await Programs.run(
                    ["backup"] + arguments + ["--api", server.url, "--output", "json"], environment: environment)
                #expect(result.code == 0, "\(arguments): \(result.errors)")
                return try JSON.parse(result.output)
            }
            let tenant = try await server.admin.tenant("keeper")
            let id = try #require(tenant["tenant_id"]?.string)
            let key = try #require(tenant["api_key"]?.string)
            let client = ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": key]
            let imported = try await Programs.run(
                ["import", Programs.repository + "/examples/shop.yaml"], environment: client)
            #expect(imported.code == 0, "\(imported.errors)")

            let made = try await run("create")
            let backup = try #require(made["id"]?.string)
            #expect(made["key_id"]?.string != nil)
            #expect(try await run("list")["data"]?.array?.compactMap { $0["id"]?.string } == [backup])
            #expect(try await run("verify", "latest")["intact"] == true)

            let admin = ["MOCKFORGE_URL": server.url, "MOCKFORGE_TOKEN": RunningServer.adminToken]
            _ = try await Programs.run(["tenant", "delete", id], environment: admin)
            let purged = try await Programs.run(["tenant", "purge", id, "--yes"], environment: admin)
            #expect(purged.code == 0, "\(purged.errors)")
            let http = HTTP(port: server.port, host: "keeper.localhost")
            #expect(try await http.get("/api/products").status == 404)
            #expect(try await run("restore", backup, "--tenant", id)["tenant_id"]?.string == id)
            #expect(try await http.get("/api/products").status == 200)

            let copy = try await run("restore", backup, "--tenant", id, "--to-new-tenant", "--subdomain", "keeper-copy")
            #expect(copy["api_key"]?.string?.hasPrefix("sk_live_") == true)
            let other = HTTP(port: server.port, host: "keeper-copy.localhost")
            #expect(try await other.get("/api/products").status == 200)
        }
    }
}
