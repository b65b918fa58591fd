import Domain
import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import PostgresDriver

@Suite(.needsPostgres) struct `Migrations in PostgreSQL` {
    let server = PostgresTestDatabase()

    /// The sets of the binary and one more migration in each.
    private static func extended(_ sql: String = "ALTER TABLE idempotency_keys ADD COLUMN more TEXT") -> MigrationSets {
        var sets = MigrationSets()
        sets.platform = MigrationSet(
            sets.platform.migrations + [Migration(version: sets.platform.newestVersion + 1, name: "more", sql: sql)])
        sets.tenant = MigrationSet(
            sets.tenant.migrations + [Migration(version: sets.tenant.newestVersion + 1, name: "more", sql: sql)])
        return sets
    }

    private static func tenants(_ count: Int) -> [TenantID] {
        (0..<count).map { number in
            let digits = String(number)
            return TenantID("t" + String(repeating: "0", count: 9 - digits.count) + digits)!
        }
    }

    private func make(_ tenants: [TenantID], _ database: PostgresDatabase) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for tenant in tenants { group.addTask { try await database.createSchema(tenant) } }
            try await group.waitForAll()
        }
    }

    private func sentence(_ body: () async throws -> some Any) async -> String {
        do {
            _ = try await body()
            return "no error"
        } catch DatabaseError.schemaVersion(let text) { return text } catch { return "other: \(error)" }
    }

    @Test func `nodes that start together make one platform schema`() async throws {
        let nodes = try (0..<5).map { _ in try open(server.url) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.connect() } }
            try await group.waitForAll()
        }
        for node in nodes {
            #expect(
                try await node.schemaStatus(.platform) == .current(version: MigrationSet.platform.newestVersion))
        }
        let applied = server.run("SELECT version FROM platform.ledger")
        #expect(applied.count == MigrationSet.platform.migrations.count)
    }

    @Test func `two nodes that make the same tenant make it once`() async throws {
        let nodes = try (0..<2).map { _ in try open(server.url) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 { group.addTask { try await nodes[number % 2].createSchema(acme) } }
            try await group.waitForAll()
        }
        #expect(try await nodes[0].schemas() == [acme])
    }

    @Test func `two migrators at once apply each migration once`() async throws {
        let tenants = Self.tenants(12)
        let old = try open(server.url)
        try await old.connect()
        try await make(tenants, old)
        try await old.close()

        let nodes = try (0..<2).map { _ in try open(server.url, migrations: Self.extended()) }
        let applied = try await withThrowingTaskGroup(of: [Migrator.Step].self) { group in
            for node in nodes { group.addTask { try await Migrator(node).migrate(workers: 3) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(applied.map(\.scope)) == Set([.platform] + tenants.map(DatabaseScope.tenant)))
        #expect(applied.count == tenants.count + 1)
        try await Migrator(nodes[0]).requireCurrent()
    }

    @Test func `a schema that is behind or ahead is refused with a sentence`() async throws {
        let old = try open(server.url)
        try await old.connect()
        try await old.createSchema(acme)
        #expect(try await old.read(.tenant(acme), countKeys) == 0)
        let new = try open(server.url, migrations: Self.extended())
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            let text = await sentence { try await new.read(scope, countKeys) }
            #expect(text.contains("run `mockforge migrate` and start again"), "\(text)")
        }
        #expect(try await Migrator(new).migrate(dryRun: true).count == 2)
        #expect(try await Migrator(new).migrate(workers: 4).count == 2)
        #expect(try await new.read(.tenant(acme), countKeys) == 0)
        // The old node goes on: what a migration adds does not break it.
        #expect(try await old.read(.tenant(acme), countKeys) == 0)
        // One that starts now does not.
        let late = try open(server.url)
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            let text = await sentence { try await late.read(scope, countKeys) }
            #expect(text.contains("install the newer mockforge"), "\(text)")
        }
    }

    @Test func `a migration that fails leaves the schema as it was`() async throws {
        let old = try open(server.url)
        try await old.createSchema(acme)
        let broken = try open(
            server.url, migrations: Self.extended("CREATE TABLE half (id TEXT); CREATE TABLE ledger (id TEXT)"))
        await #expect(throws: DatabaseError.self) { try await broken.migrateSchema(.tenant(acme)) }
        #expect(server.run("SELECT tablename FROM pg_tables WHERE tablename = 'half'") == [])
        #expect(try await old.schemaStatus(.tenant(acme)) == .current(version: MigrationSet.tenant.newestVersion))
    }

    @Test func `a migration lets others go first when a table is busy, and says so in the end`() async throws {
        let database = try open(server.url, migrations: Self.extended()) { $0.lockTimeout = .seconds(1) }
        let old = try open(server.url)
        try await old.createSchema(acme)
        let holder = try PostgresConnection(try PostgresAddress(server.url), cancel: CancelHandle())
        try holder.run(script: "BEGIN; LOCK TABLE \(acme.schemaName).idempotency_keys IN ACCESS SHARE MODE")
        do {
            _ = try await database.migrateSchema(.tenant(acme))
            Issue.record("migrated a table that was in use")
        } catch DatabaseError.unavailable(let reason) {
            #expect(reason.contains("a table was in use by others"))
        }
        holder.rollBack()
        #expect(try await database.migrateSchema(.tenant(acme)).count == 1)
    }

    /// 1,000 with `MOCKFORGE_TEST_TENANTS=1000`, which takes a minute to make.
    @Test func `many tenants migrate in parallel, and a cut-off run goes on where it stopped`() async throws {
        let count = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_TENANTS"].flatMap(Int.init) ?? 40
        let tenants = Self.tenants(count)
        let old = try open(server.url) {
            $0.poolSize = 8
            $0.poolTimeout = .seconds(300)
        }
        try await old.connect()
        try await make(tenants, old)
        try await old.close()

        let database = try open(server.url, migrations: Self.extended()) { $0.poolSize = 8 }
        let seen = Mutex(0)
        let begun = ContinuousClock.now
        let cutOff = Task {
            try await Migrator(database).migrate(workers: 4) { _ in
                // Ends like a killed process: in the middle, with work in progress.
                let number = seen.withLock { seen in
                    seen += 1
                    return seen
                }
                if number == count / 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: (any Error).self) { try await cutOff.value }
        let rest = try await Migrator(database).migrate(workers: 4)
        let took = ContinuousClock.now - begun
        #expect(rest.count <= count + 1 - count / 3)
        #expect(rest.count > 0)
        try await Migrator(database).requireCurrent()
        let columns = server.run(
            "SELECT COUNT(*) FROM information_schema.columns WHERE column_name = 'more' AND table_schema LIKE 'tenant%'"
        )
        #expect(columns == ["\(count)"])
        #expect(took < .seconds(30), "\(count) tenants took \(took)")
        print("migrated \(count) tenants in \(took)")
    }
}
