import Domain
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import PostgresDriver

@Suite(.needsPostgres) struct `PostgreSQL transactions` {
    let server = PostgresTestDatabase()

    private func failure(_ body: () async throws -> some Any) async -> any Error {
        do {
            _ = try await body()
            return DatabaseError.failed("no error")
        } catch { return error }
    }

    private func isUnavailable(_ error: any Error) -> Bool {
        if case DatabaseError.unavailable = error { return true }
        return false
    }

    @Test func `types come back as they went in`() async throws {
        let database = try open(server.url)
        let row = try await database.read(.platform) { sql in
            try sql.first(
                """
                SELECT CAST($1 AS BIGINT) AS a, CAST($2 AS DOUBLE PRECISION) AS b, CAST($3 AS TEXT) AS c,
                    CAST($4 AS TEXT) AS d, 1 = 1 AS e, SUM(x) AS f FROM (VALUES (9000000000)) AS v (x)
                """, [.integer(.min), .real(-0.1), .text("Grüße, 世界 'n\\"), .null])
        }
        #expect(
            row?.values == [
                .integer(.min), .real(-0.1), .text("Grüße, 世界 'n\\"), .null, .integer(1), .integer(9_000_000_000),
            ])
    }

    @Test func `a text with a NUL is refused, not cut`() async throws {
        let database = try open(server.url)
        await #expect(throws: DatabaseError.self) { try await database.write(.platform, insertKey("a\0b")) }
        #expect(try await database.read(.platform, countKeys) == 0)
    }

    @Test func `a closure that swallows a failure does not commit`() async throws {
        let database = try open(server.url)
        let error = await failure {
            try await database.write(.platform) { sql in
                _ = try insertKey("a")(sql)
                _ = try? sql.execute("INSERT INTO nowhere VALUES (1)", [])
            }
        }
        #expect(error is DatabaseError)
        #expect(try await database.read(.platform, countKeys) == 0)
    }

    @Test func `several columns of a violated constraint are all named`() async throws {
        let database = try open(server.url)
        try await database.createSchema(acme)
        let error = await failure {
            try await database.write(.tenant(acme)) { sql in
                for _ in 0..<2 {
                    try sql.execute("INSERT INTO usage_windows (node, sequence, recorded_at) VALUES ('n)=(', 1, 1)", [])
                }
            }
        }
        guard case DatabaseError.uniqueViolation("usage_windows.node, usage_windows.sequence") = error else {
            Issue.record("wrong error \(error)")
            return
        }
    }

    @Test func `a statement that takes too long is ended by the server`() async throws {
        let database = try open(server.url) { $0.statementTimeout = .seconds(1) }
        let error = await failure { try await database.read(.platform) { try $0.query("SELECT pg_sleep(30)", []) } }
        #expect(isUnavailable(error), "\(error)")
        #expect(try await database.read(.platform, countKeys) == 0)
    }

    @Test func `cancelling a task ends its statement, and the connection serves on`() async throws {
        let database = try open(server.url) { $0.poolSize = 1 }
        try await database.connect()
        let task = Task { try await database.read(.platform) { try $0.query("SELECT pg_sleep(30)", []) } }
        #expect(
            await eventually {
                server.run(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()"
                ).count == 1
            })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await database.read(.platform, countKeys) == 0)
        #expect(database.connectionCount == 1)
    }

    @Test func `a task that is cancelled while it waits for a connection is let go`() async throws {
        let database = try open(server.url) { $0.poolSize = 1 }
        try await database.connect()
        let gate = Mutex(false)
        let holder = Task {
            try await database.read(.platform) { sql in
                while !gate.withLock({ $0 }) { _ = try sql.query("SELECT pg_sleep(0.01)", []) }
            }
        }
        let waiter = Task { try await database.read(.platform, countKeys) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        gate.withLock { $0 = true }
        try await holder.value
    }

    @Test func `who waits too long for a connection hears so`() async throws {
        let database = try open(server.url) {
            $0.poolSize = 1
            $0.poolTimeout = .seconds(1)
        }
        try await database.connect()
        let gate = Mutex(false)
        let isHeld = Mutex(false)
        let holder = Task {
            try await database.read(.platform) { sql in
                isHeld.withLock { $0 = true }
                while !gate.withLock({ $0 }) { _ = try sql.query("SELECT pg_sleep(0.01)", []) }
            }
        }
        #expect(await eventually { isHeld.withLock { $0 } })
        let error = await failure { try await database.read(.platform, countKeys) }
        gate.withLock { $0 = true }
        try await holder.value
        #expect(isUnavailable(error) && "\(error)".contains("no database connection was free within 1 s"), "\(error)")
    }

    @Test func `a connection that the server ended is replaced without an error`() async throws {
        let database = try open(server.url) { $0.poolSize = 1 }
        #expect(try await database.read(.platform, countKeys) == 0)
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        #expect(try await database.read(.platform, countKeys) == 0)
        #expect(database.connectionCount == 1)
    }

    @Test func `a transaction that loses its connection before the commit is done again`() async throws {
        let database = try open(server.url)
        try await database.connect()
        let runs = Mutex(0)
        let server = server
        _ = try await database.write(.platform) { sql in
            let process = try sql.first("SELECT pg_backend_pid() AS pid", [])!.integer("pid")
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 1 { server.run("SELECT pg_terminate_backend(\(process))") }
            return try insertKey("a")(sql)
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await database.read(.platform, countKeys) == 1)
    }

    @Test func `a connection is opened anew after its number of tenants`() async throws {
        let database = try open(server.url) {
            $0.poolSize = 1
            $0.tenantsPerConnection = 3
        }
        let tenants = (1...7).map { TenantID("recycle00\($0)")! }
        for tenant in tenants { try await database.createSchema(tenant) }
        var processes: Set<Int> = []
        for tenant in tenants {
            processes.insert(
                try await database.read(.tenant(tenant)) {
                    try $0.first("SELECT pg_backend_pid() AS pid", [])!.integer("pid")
                })
        }
        #expect(processes.count == 3)
        #expect(database.connectionCount == 1)
    }

    @Test func `platform statements are prepared, tenants' are not`() async throws {
        let database = try open(server.url) { $0.poolSize = 1 }
        try await database.createSchema(acme)
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            for _ in 0..<3 {
                _ = try await database.read(scope) {
                    try $0.query("SELECT status FROM idempotency_keys WHERE key_hash = $1", [.text("x")])
                }
            }
        }
        let count = try await database.read(.platform) {
            try $0.first(
                "SELECT COUNT(*) AS n FROM pg_prepared_statements WHERE statement LIKE 'SELECT status%'", [])!.integer(
                    "n")
        }
        #expect(count == 1)
    }

    @Test func `a prepared statement survives a migration that changes its columns`() async throws {
        let database = try open(server.url) { $0.poolSize = 1 }
        let select: @Sendable (any SQLSession) throws -> Int = {
            try $0.query("SELECT * FROM idempotency_keys", []).count
        }
        #expect(try await database.read(.platform, select) == 0)
        server.run("ALTER TABLE platform.idempotency_keys ADD COLUMN more TEXT")
        #expect(try await database.read(.platform, select) == 0)
    }

    @Test func `a closed database refuses, and closes its connections`() async throws {
        let database = try open(server.url)
        #expect(try await database.read(.platform, countKeys) == 0)
        try await database.close()
        #expect(database.connectionCount == 0)
        #expect(isUnavailable(await failure { try await database.read(.platform, countKeys) }))
    }
}
