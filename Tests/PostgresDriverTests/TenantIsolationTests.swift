import Domain
import Persistence
import TestSupport
import Testing

@testable import PostgresDriver

@Suite(.needsPostgres) struct `Tenants in PostgreSQL` {
    private func failure(_ body: () async throws -> some Any) async -> String {
        do {
            _ = try await body()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func `a tenant's statements cannot reach another schema, even by name`() async throws {
        let server = PostgresTestDatabase()
        let database = try open(server.url)
        try await database.connect()
        try await database.createSchema(acme)
        try await database.createSchema(other)
        for table in ["tenant_other00001.mocks", "platform.tenants"] {
            let text = await failure {
                try await database.read(.tenant(acme)) { try $0.query("SELECT * FROM \(table)", []) }
            }
            #expect(text.contains("permission denied for schema"), "\(text)")
        }
        let text = await failure {
            try await database.write(.tenant(acme)) {
                try $0.execute("CREATE TABLE tenant_other00001.mine (id TEXT)", [])
            }
        }
        #expect(text.contains("permission denied for schema"), "\(text)")
    }

    @Test func `a tenant's role cannot log in and owns its schema only`() async throws {
        let server = PostgresTestDatabase()
        let database = try open(server.url)
        try await database.createSchema(acme)
        let role = "tenant_acme000001@\(server.name)"
        #expect(
            server.run("SELECT rolcanlogin OR rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = '\(role)'") == [
                "f"
            ])
        #expect(
            server.run("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'tenant_acme000001'") == [
                "\"\(role)\""
            ])
        #expect(
            server.run(
                """
                SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relowner = '"\(role)"'::regrole AND n.nspname NOT LIKE 'pg_toast%'
                """) == ["tenant_acme000001"])
        try await database.dropSchema(acme)
        #expect(server.run("SELECT rolname FROM pg_roles WHERE rolname = '\(role)'") == [])
    }

    @Test func `a login role with few rights is enough`() async throws {
        let server = PostgresTestDatabase()
        let login = "login_\(server.name)"
        server.run("CREATE ROLE \(login) LOGIN CREATEROLE PASSWORD 'x'")
        server.run("GRANT CREATE ON DATABASE \(server.name) TO \(login)")
        let url = server.url.replacing("postgres@", with: "\(login):x@")
        let database = try open(url)
        try await database.connect()
        try await database.createSchema(acme)
        try await database.createSchema(other)
        #expect(try await database.write(.tenant(acme), insertKey("a")) == 1)
        #expect(try await database.read(.tenant(acme), countKeys) == 1)
        #expect(try await database.size(of: acme) > 0)
        #expect(try await database.schemaStatus(.tenant(acme)) == .current(version: MigrationSet.tenant.newestVersion))
        // The login role sees no tenant's rows unless it takes the tenant's role, and the tenant's sees no other's.
        let text = await failure {
            try await database.read(.tenant(acme)) { try $0.query("SELECT * FROM tenant_other00001.mocks", []) }
        }
        #expect(text.contains("permission denied"), "\(text)")
        try await database.dropSchema(acme)
        try await database.dropSchema(other)
        #expect(try await database.schemas() == [])
        try await database.close()
        server.run("DROP OWNED BY \(login)")
        server.run("DROP ROLE \(login)")
    }

    @Test func `a tenant dropped by another node is gone here too`() async throws {
        let server = PostgresTestDatabase()
        let (one, two) = (try open(server.url), try open(server.url))
        try await one.createSchema(acme)
        #expect(try await one.read(.tenant(acme), countKeys) == 0)
        try await two.dropSchema(acme)
        await #expect(throws: DatabaseError.self) { try await one.read(.tenant(acme), countKeys) }
        try await two.createSchema(acme)
        #expect(try await one.read(.tenant(acme), countKeys) == 0)
    }

    @Test func `two nodes lose no update of a tenant or of the platform`() async throws {
        let server = PostgresTestDatabase()
        let nodes = [try open(server.url), try open(server.url)]
        try await nodes[0].createSchema(acme)
        for scope in [DatabaseScope.tenant(acme), .platform] {
            _ = try await nodes[0].write(scope, insertKey("counter", 0))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 {
                    let node = nodes[number % 2]
                    group.addTask {
                        try await node.write(scope) { sql in
                            let status = try sql.first("SELECT status FROM idempotency_keys", [])!.integer("status")
                            try sql.execute("UPDATE idempotency_keys SET status = $1", [.init(status + 1)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let status = try await nodes[1].read(scope) {
                try $0.first("SELECT status FROM idempotency_keys", [])?.integer("status")
            }
            #expect(status == 60)
        }
    }

    @Test func `a count and an insert in one transaction hold a limit on two nodes`() async throws {
        let server = PostgresTestDatabase()
        let nodes = [try open(server.url), try open(server.url)]
        try await nodes[0].createSchema(acme)
        let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                let node = nodes[number % 2]
                group.addTask {
                    try await node.write(.tenant(acme)) { sql in
                        guard try countKeys(sql) < 5 else { return false }
                        return try insertKey("\(number)")(sql) == 1
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(accepted == 5)
        #expect(try await nodes[1].read(.tenant(acme), countKeys) == 5)
    }
}
