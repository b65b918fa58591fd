import Domain
import Persistence
import Synchronization

/// A database that counts what is asked of it.
final class CountingDatabase: Database {
    private let base: any Database
    private let count = Mutex(0)

    init(_ base: any Database) { self.base = base }

    /// How many calls there were since the last time.
    func takeCount() -> Int {
        count.withLock { count in
            defer { count = 0 }
            return count
        }
    }

    private func note() { count.withLock { $0 += 1 } }

    func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        note()
        return try await base.read(scope, body)
    }

    func schemas() async throws -> [TenantID] {
        note()
        return try await base.schemas()
    }

    func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus {
        note()
        return try await base.schemaStatus(scope)
    }

    func size(of tenant: TenantID) async throws -> Int {
        note()
        return try await base.size(of: tenant)
    }

    // Not what a start does.
    func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result { try await base.write(scope, body) }
    func createSchema(_ tenant: TenantID) async throws { try await base.createSchema(tenant) }
    func dropSchema(_ tenant: TenantID) async throws { try await base.dropSchema(tenant) }
    func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration] { try await base.migrateSchema(scope) }
    var migrationSets: MigrationSets { base.migrationSets }
    var connectionCount: Int { base.connectionCount }
    var connectionWaits: ConnectionWaits { base.connectionWaits }
    func close() async throws { try await base.close() }
}
