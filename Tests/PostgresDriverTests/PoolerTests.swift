import Domain
import Persistence
import TestSupport
import Testing

@testable import PostgresDriver

/// Behind PgBouncer in transaction mode all clients share one connection to the server, turn by turn.
@Suite(.needsPooler) struct `Behind a pooler` {
    let server = PostgresTestDatabase()

    /// What one look at a tenant's schema shows: whose rows, whose schema, whose role.
    private static func owners(_ sql: any SQLSession) throws -> Set<String> {
        let row = try sql.first(
            "SELECT fingerprint, current_schema() AS schema, current_user AS role FROM idempotency_keys", [])
        guard let row else { return ["nobody"] }
        return [
            try row.text("fingerprint"), String(try row.text("schema").dropFirst("tenant_".count)),
            String(try row.text("role").dropFirst("tenant_".count).prefix { $0 != "@" }),
        ]
    }

    private func mark(_ database: PostgresDatabase, _ tenant: TenantID) async throws {
        try await database.createSchema(tenant)
        _ = try await database.write(.tenant(tenant)) { sql in
            try sql.execute(
                """
                INSERT INTO idempotency_keys (key_hash, fingerprint, status, sealed_reply, created_at)
                VALUES ('only', $1, 0, '', 0)
                """, [.text(tenant.text)])
        }
    }

    @Test func `ten thousand interleaved operations of two tenants never cross`() async throws {
        let database = try open(try #require(server.pooledURL)) {
            $0.poolSize = 6
            $0.poolTimeout = .seconds(120)
        }
        for tenant in [acme, other] { try await mark(database, tenant) }
        let count = 10_000
        let crossings = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<10 {
                group.addTask {
                    var crossings = 0
                    for number in 0..<(count / 10) {
                        let tenant = (number + worker) % 2 == 0 ? acme : other
                        let owners =
                            if number % 3 == 0 {
                                try await database.write(.tenant(tenant)) { sql in
                                    try sql.execute("UPDATE idempotency_keys SET status = status + 1", [])
                                    return try Self.owners(sql)
                                }
                            } else {
                                try await database.read(.tenant(tenant), Self.owners)
                            }
                        if owners != [tenant.text] { crossings += 1 }
                    }
                    return crossings
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(crossings == 0)
        var writes = 0
        for tenant in [acme, other] {
            writes += try await database.read(.tenant(tenant)) {
                try $0.first("SELECT status FROM idempotency_keys", [])!.integer("status")
            }
        }
        #expect(writes == 10 * ((count / 10 + 2) / 3))
        #expect(database.connectionCount == 6)
        let connections = server.run(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        #expect(connections == ["1"])
    }

    /// The negative control: with what the driver never does, the same look does see another tenant.
    @Test func `a SET for the session would leak through the pooler, and the test would see it`() async throws {
        let url = try #require(server.pooledURL)
        let database = try open(url)
        for tenant in [acme, other] { try await mark(database, tenant) }
        try await database.close()

        let address = try PostgresAddress(url)
        let first = try PostgresConnection(address, cancel: CancelHandle())
        let second = try PostgresConnection(address, cancel: CancelHandle())
        let role = SchemaNames.role(other, database: server.name)
        try first.run(script: "SET ROLE \(SchemaNames.quoted(role)); SET search_path = \(other.schemaName)")
        let seen = try Self.owners(PostgresSession(connection: second, isLasting: false))
        #expect(seen == [other.text])
    }

    @Test func `statements are not prepared where a pooler stands in between`() async throws {
        let database = try open(try #require(server.pooledURL))
        for _ in 0..<5 { #expect(try await database.read(.platform, countKeys) == 0) }
        let prepared = try await database.read(.platform) {
            try $0.query("SELECT name FROM pg_prepared_statements", []).count
        }
        #expect(prepared == 0)
    }
}
