import Domain
import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

@Suite struct `Migrations` {
    let folder = TemporaryFolder()
    let acme = TenantID("acme000001")!

    /// The sets that the binary has, and one more migration in each.
    private static var extended: MigrationSets {
        var sets = MigrationSets()
        sets.platform = MigrationSet(
            sets.platform.migrations + [
                Migration(
                    version: sets.platform.newestVersion + 1, name: "more", sql: "CREATE TABLE more (id TEXT);")
            ])
        sets.tenant = MigrationSet(
            sets.tenant.migrations + [
                Migration(
                    version: sets.tenant.newestVersion + 1, name: "more",
                    sql: "CREATE TABLE more (id TEXT); CREATE INDEX more_by_id ON more (id);")
            ])
        return sets
    }

    private func open(_ sets: MigrationSets = MigrationSets()) throws -> SQLiteDatabase {
        try SQLiteDatabase(folder: folder.path, migrations: sets)
    }

    private func message(_ error: DatabaseError?) -> String? {
        guard case .schemaVersion(let message) = error else { return nil }
        return message
    }

    @Test func `a fresh folder is current`() async throws {
        let database = try open()
        try await database.createSchema(acme)
        try await Migrator(database).requireCurrent()
        #expect(try await Migrator(database).migrate().isEmpty)
    }

    @Test func `a schema that is behind is not served, until migrated`() async throws {
        let old = try open()
        try await old.createSchema(acme)
        try await old.close()

        let database = try open(Self.extended)
        let migrator = Migrator(database)
        #expect(try await migrator.pending().map(\.scope) == [.platform, .tenant(acme)])
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            let error = await #expect(throws: DatabaseError.self) { try await database.read(scope) { _ in } }
            #expect(message(error)?.contains("run `mockforge migrate`") == true)
        }
        let error = await #expect(throws: DatabaseError.self) { try await migrator.requireCurrent() }
        let version = MigrationSet.platform.newestVersion
        #expect(
            message(error)?.contains(
                "the platform schema is at version \(version) and this binary needs \(version + 1)") == true)

        let planned = try await migrator.migrate(dryRun: true)
        #expect(planned.map { $0.migrations.map(\.name) } == [["more"], ["more"]])
        #expect(try await migrator.pending().count == 2)

        let progress = Mutex<[String]>([])
        let steps = try await migrator.migrate { step in
            progress.withLock { $0.append("\(step.position)/\(step.count)") }
        }
        #expect(steps.map(\.scope) == [.platform, .tenant(acme)])
        #expect(progress.withLock { $0 } == ["1/2", "2/2"])
        try await migrator.requireCurrent()
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            #expect(try await database.read(scope) { try $0.query("SELECT * FROM more", []) }.isEmpty)
        }
    }

    private func addTenants(_ ids: [TenantID], to database: any Database) async throws {
        for id in ids {
            let record = TenantRecord(
                id: id, name: id.text, subdomain: try Subdomain(id.text), plan: "free", status: .active,
                adminEmail: "admin@example.com", adminName: "Admin", isProvisioned: true,
                createdAt: Timestamp(microseconds: 1), updatedAt: Timestamp(microseconds: 1))
            try await database.write(.platform) { try TenantRepository($0).insert(record) }
            try await database.createSchema(id)
        }
    }

    @Test func `a start looks at as many schemas for forty tenants as for four`() async throws {
        let database = CountingDatabase(try open())
        let tenants = (10..<50).compactMap { TenantID("tenant00\($0)") }
        try await addTenants(Array(tenants[..<4]), to: database)
        try await Migrator(database).requireStart()
        let few = database.takeCount()
        try await addTenants(Array(tenants[4...]), to: database)
        try await Migrator(database).requireStart()
        #expect(few == 2 + Migrator.startSample)
        #expect(database.takeCount() == few)
    }

    @Test func `a start is refused when a migration was cut off before the last tenants`() async throws {
        let tenants = (10..<20).compactMap { TenantID("tenant00\($0)") }
        let old = try open()
        try await addTenants(tenants, to: old)
        try await old.close()

        let database = try open(Self.extended)
        _ = try await database.migrateSchema(.platform)
        for tenant in tenants.dropLast() { _ = try await database.migrateSchema(.tenant(tenant)) }
        let error = await #expect(throws: DatabaseError.self) { try await Migrator(database).requireStart() }
        #expect(message(error)?.contains("the schema of tenant tenant0019 is at version") == true)
        _ = try await database.migrateSchema(.tenant(tenants[9]))
        try await Migrator(database).requireStart()
    }

    @Test func `a schema from a newer binary is not served`() async throws {
        let new = try open(Self.extended)
        try await new.createSchema(acme)
        try await new.close()

        let database = try open()
        for scope in [DatabaseScope.platform, .tenant(acme)] {
            let error = await #expect(throws: DatabaseError.self) { try await database.read(scope) { _ in } }
            #expect(message(error)?.contains("`mockforge migrate` cannot go back") == true)
        }
        await #expect(throws: DatabaseError.self) { try await Migrator(database).migrate() }
    }

    @Test func `an applied migration whose text changed is refused`() async throws {
        let changed = MigrationSets(
            platform: MigrationSet(
                [Migration(version: 1, name: "platform_baseline", sql: "CREATE TABLE x (y TEXT)")]
                    + MigrationSet.platform.migrations.dropFirst()))
        try await open().close()
        let error = #expect(throws: DatabaseError.self) { try open(changed) }
        #expect(message(error)?.contains("applied with another text") == true)
    }

    @Test func `a migration that fails leaves the schema as it was`() async throws {
        try await open().close()
        var sets = MigrationSets()
        sets.platform = MigrationSet(
            sets.platform.migrations + [
                Migration(
                    version: sets.platform.newestVersion + 1, name: "broken",
                    sql: "CREATE TABLE half (id TEXT); CREATE TABLE tenants (id TEXT)")
            ])
        let broken = try open(sets)
        await #expect(throws: DatabaseError.self) { try await broken.migrateSchema(.platform) }
        try await broken.close()
        let database = try open()
        let tables = try await database.read(.platform) {
            try $0.query("SELECT name FROM sqlite_master WHERE name = 'half'", [])
        }
        #expect(tables.isEmpty)
    }

    @Test func `ten starters at once make one schema`() async throws {
        let path = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let database = try SQLiteDatabase(folder: path)
                    try await database.createSchema(TenantID("acme000001")!)
                    try await Migrator(database).requireCurrent()
                }
            }
            try await group.waitForAll()
        }
        let ledger = try await open().read(.platform) { try $0.query("SELECT version FROM ledger", []) }
        #expect(ledger.count == MigrationSet.platform.migrations.count)
    }

    @Test(arguments: ["platform", "tenant"])
    func `every migration file is in the binary, numbered without a gap`(name: String) throws {
        let set = name == "platform" ? MigrationSet.platform : MigrationSet.tenant
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.sources + "/\(name)").sorted()
        let expected = set.migrations.map { migration in
            String(repeating: "0", count: 4 - String(migration.version).count)
                + "\(migration.version)_\(migration.name).sql"
        }
        #expect(files == expected)
        #expect(set.migrations.map(\.version) == Array(1...set.migrations.count))
        for (file, migration) in zip(files, set.migrations) {
            #expect(try String(contentsOfFile: Self.sources + "/\(name)/\(file)", encoding: .utf8) == migration.sql)
        }
    }

    /// The checked-in file is what a reader looks at; after a new migration the failure shows the text it must have.
    @Test(arguments: [DatabaseScope.platform, .tenant(TenantID("acme000001")!)])
    func `the checked-in schema is what the migrations make`(scope: DatabaseScope) async throws {
        let database = try open()
        try await database.createSchema(acme)
        let rows = try await database.read(scope) {
            try $0.query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name", [])
        }
        let made = try rows.map { try $0.text("sql") + ";\n" }.joined(separator: "\n")
        let name = scope == .platform ? "platform" : "tenant"
        let file = URL(filePath: #filePath).deletingLastPathComponent().path + "/Schemas/\(name).sql"
        #expect(try String(contentsOfFile: file, encoding: .utf8) == made, "Schemas/\(name).sql must be:\n\(made)")
    }

    private static let sources =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
        + "/Sources/Persistence/Migrations"
}
