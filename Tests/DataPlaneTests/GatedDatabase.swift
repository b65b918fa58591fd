import Domain
import Persistence
import Synchronization

/// A database that counts its reads and can hold one back after it has read: what a slow reader looks like to a cache.
final class GatedDatabase: Database {
    private struct State {
        var reads = 0
        var readsToFail = 0
        var isHolding = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let base: SQLiteDatabase
    private let state = Mutex(State())

    init(_ base: SQLiteDatabase) { self.base = base }

    var reads: Int { state.withLock { $0.reads } }

    /// The next reads find no database.
    func failReads(_ count: Int) { state.withLock { $0.readsToFail = count } }

    /// From now on a read ends only after `release`.
    func hold() { state.withLock { $0.isHolding = true } }

    func release() {
        let waiting = state.withLock { state in
            state.isHolding = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when a read is held back.
    func heldRead() async {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.waiting.isEmpty { state.watchers.append(continuation) }
                return !state.waiting.isEmpty
            }
            if isHeld { continuation.resume() }
        }
    }

    func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        let fails = state.withLock { state in
            defer { state.readsToFail = max(0, state.readsToFail - 1) }
            return state.readsToFail > 0
        }
        if fails { throw DatabaseError.unavailable("the test says so") }
        let result = try await base.read(scope, body)
        await withCheckedContinuation { continuation in
            let watchers: [CheckedContinuation<Void, Never>]? = state.withLock { state in
                state.reads += 1
                guard state.isHolding else { return nil }
                state.waiting.append(continuation)
                defer { state.watchers = [] }
                return state.watchers
            }
            guard let watchers else { return continuation.resume() }
            for watcher in watchers { watcher.resume() }
        }
        return result
    }

    func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result { try await base.write(scope, body) }

    func createSchema(_ tenant: TenantID) async throws { try await base.createSchema(tenant) }
    func dropSchema(_ tenant: TenantID) async throws { try await base.dropSchema(tenant) }
    func schemas() async throws -> [TenantID] { try await base.schemas() }
    var migrationSets: MigrationSets { base.migrationSets }
    func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus { try await base.schemaStatus(scope) }
    func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration] { try await base.migrateSchema(scope) }
    func size(of tenant: TenantID) async throws -> Int { try await base.size(of: tenant) }
    var connectionCount: Int { base.connectionCount }
    var connectionWaits: ConnectionWaits { base.connectionWaits }
    func close() async throws { try await base.close() }
}
