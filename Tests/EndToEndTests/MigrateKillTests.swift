import Foundation
import Testing

extension EndToEnd {
    /// `mockforge migrate` on PostgreSQL, killed in the middle again and again.
    @Suite(.enabled(if: Services.shared != nil, "needs the services that `make test` starts"))
    struct MigrateKillTests {
        private static let tenants = 60

        /// SQL for tenants whose schemas are at the first version, each with one row of usage that the second one moves.
        private static func firstVersion(database: String) throws -> String {
            let path = Programs.repository + "/Sources/Persistence/Migrations/tenant/0001_tenant_baseline.sql"
            let baseline = try String(contentsOfFile: path, encoding: .utf8)
            return (0..<tenants).map { number in
                let schema = "tenant_t\(String(100_000_000 + number))"
                return """
                    BEGIN; CREATE ROLE "\(schema)@\(database)" NOLOGIN; GRANT "\(schema)@\(database)" TO CURRENT_USER;
                    CREATE SCHEMA \(schema) AUTHORIZATION "\(schema)@\(database)";
                    SET LOCAL ROLE "\(schema)@\(database)"; SET LOCAL search_path = \(schema);
                    \(baseline)
                    CREATE TABLE ledger (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
                        applied_at BIGINT NOT NULL);
                    INSERT INTO ledger VALUES (1, 'tenant_baseline', encode(sha256(convert_to($text$\(baseline)$text$,
                        'UTF8')), 'hex'), 1);
                    INSERT INTO usage_metrics (minute, workspace_id, mock_id, route_id, status_class, requests,
                        duration_microseconds, max_duration_microseconds, request_bytes, response_bytes)
                        VALUES (\(number), 'w', '', '', 2, \(number + 1), 1, 1, 1, 1);
                    COMMIT;
                    """
            }.joined(separator: "\n")
        }

        private static func newestVersion() throws -> Int {
            try FileManager.default.contentsOfDirectory(
                atPath: Programs.repository + "/Sources/Persistence/Migrations/tenant"
            ).count { $0.hasSuffix(".sql") }
        }

        @Test func `kill -9 at any moment leaves what the next run completes`() async throws {
            let folder = try ScratchFolder()
            let stores = try await folder.stores(try #require(Services.shared))
            let database = String(stores.databaseURL.split(separator: "/").last ?? "")
            try folder.write(try Self.firstVersion(database: database), to: "first.sql")
            let filled = try ChildProcess(
                "/usr/bin/psql",
                ["-q", "-v", "ON_ERROR_STOP=1", stores.databaseURL, "-f", folder.path + "/first.sql"], in: folder.path,
                environment: [:])
            #expect(try await filled.exitCode(upTo: .seconds(120)) == 0, "\(filled.errorText)")

            let newest = try Self.newestVersion()
            func schemas(at version: Int) async throws -> Int {
                let query = (0..<Self.tenants).map { "SELECT max(version) v FROM tenant_t\(100_000_000 + $0).ledger" }
                let count = try await stores.sql(
                    "SELECT count(*) FROM (\(query.joined(separator: " UNION ALL "))) AS t WHERE v = \(version)")
                return count.first.flatMap { Int($0) } ?? -1
            }
            let arguments = ["migrate", "--workers", "3", "--data-dir", folder.path]
            var killedInTheMiddle = 0
            for round in 1...4 {
                let run = try ChildProcess(
                    Programs.mockforge, arguments, in: folder.path, environment: stores.environment)
                // Until some more are done, and then at a moment that nobody chose.
                let goal = Self.tenants * round / 6
                _ = try await eventually(within: .seconds(60)) {
                    if !run.isRunning { return true }
                    return try await schemas(at: newest) >= goal
                }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000)))
                if run.isRunning { killedInTheMiddle += 1 }
                run.kill()
                _ = try await run.exitCode(upTo: .seconds(60))
                // Every schema is at one of the two versions, none in between.
                let (old, new) = (try await schemas(at: 1), try await schemas(at: newest))
                #expect(old + new == Self.tenants)
            }
            #expect(killedInTheMiddle > 0)

            let last = try await Programs.run(arguments, environment: stores.environment, in: folder)
            #expect(last.code == 0, "\(last.errors)")
            #expect(try await schemas(at: newest) == Self.tenants)
            let counts = (0..<Self.tenants).map { number in
                "SELECT (SELECT sum(requests) FROM tenant_t\(100_000_000 + number).usage_metrics) = \(number + 1) AND "
                    + "(SELECT count(*) FROM tenant_t\(100_000_000 + number).ledger) = \(newest) AS whole"
            }
            let whole = try await stores.sql(
                "SELECT count(*) FROM (\(counts.joined(separator: " UNION ALL "))) AS t WHERE whole")
            #expect(whole == ["\(Self.tenants)"])
            for number in 0..<Self.tenants {
                try await stores.sql(
                    "DROP SCHEMA tenant_t\(100_000_000 + number) CASCADE; "
                        + "DROP ROLE \"tenant_t\(100_000_000 + number)@\(database)\"")
            }
        }
    }
}
