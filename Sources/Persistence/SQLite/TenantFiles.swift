import Domain
import Synchronization

/// The tenants' files, of which only the most recently used stay open, so that ten thousand tenants do not use up the
/// process's descriptors.
///
/// Opening, creating and removing happen one after the other on a thread of their own, since they block. A file that
/// falls out of the table closes when its last user is done with it.
final class TenantFiles: Sendable {
    private struct Entry {
        let file: SQLiteFile
        var lastUse: UInt64
    }

    private struct State {
        var entries: [TenantID: Entry] = [:]
        var uses: UInt64 = 0
        var isClosed = false
    }

    private let folder: Folder
    private let limits: SQLiteLimits
    private let migrations: MigrationSet
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())
    private let queue = WorkQueue(label: "mockforge.sqlite.tenant-files")

    init(folder: Folder, limits: SQLiteLimits, migrations: MigrationSet, now: @escaping @Sendable () -> Timestamp) {
        self.folder = folder
        self.limits = limits
        self.migrations = migrations
        self.now = now
    }

    var connectionCount: Int {
        state.withLock { $0.entries.values.reduce(0) { $0 + $1.file.connectionCount } }
    }

    /// The tenant's file at the newest version.
    ///
    /// - Throws: `noSuchSchema`, `schemaVersion`, `unavailable`.
    func file(_ tenant: TenantID) async throws -> SQLiteFile {
        if let file = try used(tenant) { return file }
        return try await queue.run { [self] in
            if let file = try used(tenant) { return file }
            let file = try existing(tenant)
            let status = try file.status(migrations)
            if case .empty = status { throw DatabaseError.noSuchSchema(tenant) }
            try status.requireCurrent(.tenant(tenant))
            keep(file, for: tenant)
            return file
        }
    }

    func create(_ tenant: TenantID) async throws {
        try await queue.run { [self] in
            if try used(tenant) != nil { return }
            try folder.create()
            if folder.size(of: Self.name(tenant)) == nil {
                // Left by a removal that was cut off; SQLite would take it for the new file's log.
                for suffix in Self.companions { try folder.remove(Self.name(tenant) + suffix) }
            }
            let file = try open(tenant)
            _ = try file.migrate(migrations, scope: .tenant(tenant), at: now())
            try folder.sync()
            keep(file, for: tenant)
        }
    }

    func drop(_ tenant: TenantID) async throws {
        try await queue.run { [self] in
            let entry = state.withLock { $0.entries.removeValue(forKey: tenant) }
            // Running transactions end first; later ones find no file.
            try entry?.file.close()
            guard folder.size(of: Self.name(tenant)) != nil else { return }
            for suffix in [""] + Self.companions { try folder.remove(Self.name(tenant) + suffix) }
            try folder.sync()
        }
    }

    func status(_ tenant: TenantID) async throws -> SchemaStatus {
        try await queue.run { [self] in try existing(tenant).status(migrations) }
    }

    func migrate(_ tenant: TenantID) async throws -> [Migration] {
        try await queue.run { [self] in
            try existing(tenant).migrate(migrations, scope: .tenant(tenant), at: now())
        }
    }

    func tenants() async throws -> [TenantID] {
        try await queue.run { [self] in
            try folder.names().compactMap { name in
                name.hasSuffix(Self.suffix) ? TenantID(String(name.dropLast(Self.suffix.count))) : nil
            }
        }
    }

    func size(of tenant: TenantID) async throws -> Int {
        try await queue.run { [self] in
            guard let size = folder.size(of: Self.name(tenant)) else { throw DatabaseError.noSuchSchema(tenant) }
            return size + (folder.size(of: Self.name(tenant) + "-wal") ?? 0)
        }
    }

    func close() async throws {
        try await queue.run { [self] in
            let files = state.withLock { state in
                state.isClosed = true
                defer { state.entries = [:] }
                return state.entries.values.map(\.file)
            }
            for file in files { try file.close() }
        }
    }

    private static let suffix = ".sqlite"
    private static let companions = ["-wal", "-shm"]

    private static func name(_ tenant: TenantID) -> String { tenant.text + suffix }

    private func used(_ tenant: TenantID) throws -> SQLiteFile? {
        try state.withLock { state in
            if state.isClosed { throw DatabaseError.unavailable("the database is closed") }
            state.uses += 1
            state.entries[tenant]?.lastUse = state.uses
            return state.entries[tenant]?.file
        }
    }

    private func existing(_ tenant: TenantID) throws -> SQLiteFile {
        guard folder.size(of: Self.name(tenant)) != nil else { throw DatabaseError.noSuchSchema(tenant) }
        return try open(tenant)
    }

    private func open(_ tenant: TenantID) throws -> SQLiteFile {
        try SQLiteFile(
            path: folder.path + "/" + Self.name(tenant), readers: limits.readersPerTenant,
            busyTimeout: limits.busyTimeoutSeconds)
    }

    private func keep(_ file: SQLiteFile, for tenant: TenantID) {
        // Let go of outside the lock: closing takes milliseconds.
        let evicted: SQLiteFile? = state.withLock { state in
            var evicted: SQLiteFile?
            if state.entries.count >= limits.openTenants,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                evicted = oldest.value.file
                state.entries[oldest.key] = nil
            }
            state.uses += 1
            state.entries[tenant] = Entry(file: file, lastUse: state.uses)
            return evicted
        }
        _ = evicted
    }
}
