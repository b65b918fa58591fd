import Domain
import Logging
import Persistence
import Synchronization

/// Finds out what other nodes have changed when their announcements do not come.
///
/// Every change leaves a row in the platform's audit log, so one query for the newest rows tells whose data to look at;
/// the versions that the stores hold are then compared with those in memory, and nothing is dropped that is current. A few
/// tenants are looked at in turn as well: a node that dies between a change and its audit row leaves nothing else.
package final class VersionPoll: Sendable {
    /// The time of an audit row was taken before its transaction, by another clock: so late may a row come to be seen.
    private static let lateness = Duration.seconds(120)
    /// More new rows than this, and every tenant in memory is looked at.
    private static let maxRows = 10_000
    /// Tenants looked at in turn at each poll.
    private static let sweep = 20

    private struct State {
        /// The rows of the last `lateness` that were seen.
        var seen: Set<AuditID> = []
        /// Where the sweep stands.
        var lastSwept = ""
    }

    private let database: any Database
    private let directory: TenantDirectory
    private let snapshots: SnapshotCache
    private let surroundings: Surroundings
    private let logger: Logger
    private let state = Mutex(State())

    init(
        database: any Database, directory: TenantDirectory, snapshots: SnapshotCache, surroundings: Surroundings,
        logger: Logger
    ) {
        self.database = database
        self.directory = directory
        self.snapshots = snapshots
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Polls until the task is cancelled.
    func keepPolling(every period: Duration) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: period)
            if Task.isCancelled { return }
            do { try await poll() } catch {
                logger.warning("versions could not be polled", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Looks once.
    ///
    /// - Throws: what the database throws; the next poll looks at the same changes again.
    package func poll() async throws {
        let since = surroundings.now() - Self.lateness
        let rows = try await database.read(.platform) { sql in
            try AuditRepository(sql).changes(since: since, limit: Self.maxRows)
        }
        let seen = state.withLock { $0.seen }
        var hosted = Dictionary(directory.tenants.map { ($0.id, $0) }) { first, _ in first }
        // One that is being read for the first time is not hosted yet, so it is handed to the directory all the same.
        var changed = Set(rows.filter { !seen.contains($0.id) }.map(\.tenant))
        if rows.count >= Self.maxRows { changed.formUnion(hosted.keys) }
        let swept = nextToSweep(hosted.keys)
        changed.formUnion(swept)
        try await compareRecords(of: changed)
        hosted = hosted.filter { changed.contains($0.key) && $0.value.hasSnapshots }
        for tenant in hosted.values { try await compareContent(of: tenant) }
        state.withLock { state in
            state.seen = Set(rows.map(\.id))
            if let last = swept.last { state.lastSwept = last.text }
        }
    }

    private func nextToSweep(_ tenants: some Sequence<TenantID>) -> [TenantID] {
        let sorted = tenants.sorted { $0.text < $1.text }
        let last = state.withLock { $0.lastSwept }
        let start = sorted.firstIndex { $0.text > last } ?? 0
        let ahead = sorted[start...].prefix(Self.sweep)
        return Array(ahead + sorted[..<start].prefix(Self.sweep - ahead.count))
    }

    private func compareRecords(of tenants: Set<TenantID>) async throws {
        if tenants.isEmpty { return }
        let versions = try await database.read(.platform) { sql in
            try tenants.map { (tenant: $0, version: try TenantRepository(sql).find($0)?.version) }
        }
        for (tenant, version) in versions where directory.compare(tenant, with: version) {
            note(tenant)
            if let hosted = directory.tenant(tenant) { snapshots.invalidate(nil, of: hosted) }
        }
    }

    private func compareContent(of tenant: HostedTenant) async throws {
        let id = tenant.id
        let versions: [WorkspaceID: Int]
        do {
            versions = try await database.read(.tenant(id)) { sql in try WorkspaceRepository(sql).contentVersions() }
        } catch DatabaseError.noSuchSchema {
            versions = [:]
        }
        if snapshots.compare(versions, of: tenant) { note(id) }
    }

    private func note(_ tenant: TenantID) {
        logger.notice("a change came without its announcement", metadata: ["tenant_id": "\(tenant)"])
    }
}
