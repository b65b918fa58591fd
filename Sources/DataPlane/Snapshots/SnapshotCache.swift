package import Domain
import Metering
import MockEngine
package import Persistence
import Prometheus
import Synchronization

/// The compiled workspaces that are in memory: read and compiled on first use, dropped when they change, and let go by
/// last use when they outgrow the budget.
package final class SnapshotCache: Sendable {
    /// What is known without reading anything.
    package enum Lookup: Sendable {
        case found(Snapshot)
        case absent
        /// Call `load`.
        case unknown
    }

    private static let maxAbsent = 256

    private struct Holding {
        let snapshot: Snapshot
        let tenant: HostedTenant
    }

    private struct Holdings {
        var bySnapshot: [ObjectIdentifier: Holding] = [:]
        var size = 0

        mutating func remove(_ snapshot: Snapshot) {
            guard bySnapshot.removeValue(forKey: ObjectIdentifier(snapshot)) != nil else { return }
            size -= snapshot.approximateSize
        }
    }

    private let source: SnapshotSource
    private let budget: Int
    private let metrics: DataPlaneMetrics
    private let surroundings: Surroundings
    private let holdings = Mutex(Holdings())

    package init(
        database: any Database, objects: any ObjectStore, journal: any Journal, budget: Int, metrics: DataPlaneMetrics,
        surroundings: Surroundings, defects: @escaping SnapshotSource.DefectReport
    ) {
        source = SnapshotSource(
            database: database, objects: objects, journal: journal, threads: TenantThreads(), defects: defects)
        self.budget = budget
        self.metrics = metrics
        self.surroundings = surroundings
    }

    /// - Parameter slug: nil for the default workspace.
    package func lookUp(_ slug: String?, of tenant: HostedTenant, at now: Timestamp) -> Lookup {
        tenant.shelf.withLock { shelf in
            if let snapshot = shelf.snapshot(slug) {
                snapshot.lastUsed.store(now.microseconds, ordering: .relaxed)
                return .found(snapshot)
            }
            if let slug, shelf.absent.contains(slug) { return .absent }
            return .unknown
        }
    }

    /// Reads and compiles the workspace; callers that ask for the same one at the same time share the work.
    package func load(_ slug: String?, of tenant: HostedTenant) async throws -> Snapshot? {
        metrics.cacheMisses.add()
        let task = tenant.shelf.withLock { shelf in
            let key = slug ?? ""
            if let task = shelf.loads[key] { return task }
            let task = Task { try await self.compile(slug, of: tenant) }
            shelf.loads[key] = task
            return task
        }
        return try await task.value
    }

    /// Drops what is compiled of a workspace, or with nil of all workspaces of the tenant.
    package func invalidate(_ workspace: WorkspaceID?, of tenant: HostedTenant) {
        _ = drop(from: tenant, always: true) { workspace == nil || $0.workspace.id == workspace }
    }

    /// Drops what is compiled of workspaces that now have another content version, or none.
    ///
    /// - Returns: whether there was any.
    func compare(_ versions: [WorkspaceID: Int], of tenant: HostedTenant) -> Bool {
        drop(from: tenant, always: false) { versions[$0.workspace.id] != $0.version }
    }

    /// - Parameter always: what is being read now is read again even if nothing is dropped.
    /// - Returns: whether anything was dropped.
    private func drop(
        from tenant: HostedTenant, always: Bool, where isOutdated: (Snapshot) -> Bool
    ) -> Bool {
        let dropped = tenant.shelf.withLock { shelf in
            let dropped = shelf.bySlug.values.filter(isOutdated)
            shelf.absent.removeAll()
            // A reading that began before the change must not be kept.
            if always || !dropped.isEmpty || !shelf.loads.isEmpty { shelf.generation += 1 }
            for snapshot in dropped {
                shelf.remove(snapshot)
                if !snapshot.documents.isEmpty { shelf.outdated[snapshot.workspace.id] = snapshot.documents }
            }
            return dropped
        }
        guard !dropped.isEmpty else { return false }
        holdings.withLock { holdings in
            for snapshot in dropped { holdings.remove(snapshot) }
        }
        return true
    }

    /// Estimated bytes of all compiled workspaces.
    package var size: Int { holdings.withLock { $0.size } }

    private func compile(_ slug: String?, of tenant: HostedTenant) async throws -> Snapshot? {
        do {
            while true {
                let before = tenant.shelf.withLock { ($0.generation, $0.outdated) }
                let snapshot = try await source.snapshot(
                    slug, of: tenant.id, knownDocuments: before.1,
                    sequences: { workspace in tenant.shelf.withLock { $0.sequencePositions(workspace) } },
                    now: surroundings.now())
                if keep(snapshot, slug, of: tenant, ifStill: before.0) { return snapshot }
            }
        } catch {
            tenant.shelf.withLock { $0.loads[slug ?? ""] = nil }
            throw error
        }
    }

    /// False when the workspace may have changed while it was read: it must be read again.
    private func keep(_ snapshot: Snapshot?, _ slug: String?, of tenant: HostedTenant, ifStill generation: Int) -> Bool
    {
        let replaced: [Snapshot]? = tenant.shelf.withLock { shelf in
            guard shelf.generation == generation else { return nil }
            shelf.loads[slug ?? ""] = nil
            guard let snapshot else {
                if let slug {
                    if shelf.absent.count >= Self.maxAbsent { shelf.absent.removeAll() }
                    shelf.absent.insert(slug)
                }
                return []
            }
            // The default workspace may have been compiled under its slug at the same time.
            let replaced = shelf.bySlug[snapshot.workspace.slug.text].map { [$0] } ?? []
            shelf.insert(snapshot)
            return replaced
        }
        guard let replaced else { return false }
        guard let snapshot else { return true }
        let evicted = holdings.withLock { holdings in
            for old in replaced { holdings.remove(old) }
            holdings.bySnapshot[ObjectIdentifier(snapshot)] = Holding(snapshot: snapshot, tenant: tenant)
            holdings.size += snapshot.approximateSize
            return holdings.size > budget ? evict(from: &holdings, sparing: snapshot) : []
        }
        for holding in evicted {
            holding.tenant.shelf.withLock { $0.remove(holding.snapshot) }
        }
        return true
    }

    /// Takes out what was used longest ago until a tenth of the budget is free. One that is larger than the whole budget
    /// stays until the next one comes, since its requests must be answered.
    private func evict(from holdings: inout Holdings, sparing newest: Snapshot) -> [Holding] {
        let byUse = holdings.bySnapshot.values
            .map { (holding: $0, lastUsed: $0.snapshot.lastUsed.load(ordering: .relaxed)) }
            .sorted { $0.lastUsed < $1.lastUsed }
        var evicted: [Holding] = []
        for entry in byUse where entry.holding.snapshot !== newest {
            if holdings.size <= budget / 10 * 9 { break }
            holdings.remove(entry.holding.snapshot)
            evicted.append(entry.holding)
        }
        return evicted
    }
}
