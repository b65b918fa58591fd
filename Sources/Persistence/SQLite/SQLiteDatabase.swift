package import Domain
import Synchronization

/// The embedded driver: `platform.sqlite` and `tenants/<id>.sqlite` in one folder.
///
/// Write-ahead log, foreign keys on, every commit flushed to the disk before it is acknowledged.
package final class SQLiteDatabase: Database {
    package let migrationSets: MigrationSets
    private let platform: SQLiteFile
    private let platformStatus: Mutex<SchemaStatus>
    private let tenants: TenantFiles
    private let now: @Sendable () -> Timestamp
    private let queue = WorkQueue(label: "mockforge.sqlite.platform-file")

    /// Opens the folder, creating it where needed. A fresh one is migrated; an older one is not, and refuses to read and
    /// write until `migrateSchema` has run. Blocks the calling thread.
    ///
    /// - Throws: `DatabaseError.unavailable` when the folder or the file cannot be opened.
    package init(
        folder path: String, limits: SQLiteLimits = SQLiteLimits(), migrations: MigrationSets = MigrationSets(),
        surroundings: Surroundings = .system
    ) throws {
        let folder = Folder(path)
        do { try folder.create() } catch {
            throw DatabaseError.unavailable("cannot create the data folder \(path): \(error)")
        }
        migrationSets = migrations
        now = surroundings.now
        platform = try SQLiteFile(
            path: path + "/platform.sqlite", readers: limits.platformReaders, busyTimeout: limits.busyTimeoutSeconds)
        if case .empty = try platform.status(migrations.platform) {
            _ = try platform.migrate(migrations.platform, scope: .platform, at: surroundings.now())
            try folder.sync()
        }
        platformStatus = Mutex(try platform.status(migrations.platform))
        tenants = TenantFiles(
            folder: folder.child("tenants"), limits: limits, migrations: migrations.tenant, now: surroundings.now)
    }

    package func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        let wait = connectionWaits.begin()
        defer { wait.end() }
        return try await file(scope).write { session in
            wait.end()
            return try body(session)
        }
    }

    package func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        let wait = connectionWaits.begin()
        defer { wait.end() }
        return try await file(scope).read { session in
            wait.end()
            return try body(session)
        }
    }

    package func createSchema(_ tenant: TenantID) async throws { try await tenants.create(tenant) }
    package func dropSchema(_ tenant: TenantID) async throws { try await tenants.drop(tenant) }
    package func schemas() async throws -> [TenantID] { try await tenants.tenants() }
    package func size(of tenant: TenantID) async throws -> Int { try await tenants.size(of: tenant) }

    package func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus {
        switch scope {
        case .platform: platformStatus.withLock { $0 }
        case .tenant(let tenant): try await tenants.status(tenant)
        }
    }

    package func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration] {
        switch scope {
        case .platform:
            try await queue.run { [self] in
                let applied = try platform.migrate(migrationSets.platform, scope: .platform, at: now())
                let status = try platform.status(migrationSets.platform)
                platformStatus.withLock { $0 = status }
                return applied
            }
        case .tenant(let tenant):
            try await tenants.migrate(tenant)
        }
    }

    package var connectionCount: Int { platform.connectionCount + tenants.connectionCount }
    package let connectionWaits = ConnectionWaits()

    package func close() async throws {
        try await tenants.close()
        try await queue.run { [self] in try platform.close() }
    }

    private func file(_ scope: DatabaseScope) async throws -> SQLiteFile {
        switch scope {
        case .platform:
            try platformStatus.withLock { $0 }.requireCurrent(.platform)
            return platform
        case .tenant(let tenant):
            return try await tenants.file(tenant)
        }
    }
}
