package import Domain
import Logging
import Persistence
import Synchronization

/// Adds minutes of usage to their hours and days, and forgets what is older than the tenant's plan keeps it. Any number of
/// nodes may run it at once: a minute leaves the fresh ones in the transaction that adds it.
package final class UsageReconciler: Reconciler {
    package let name = "usage"
    private let platform: Platform
    /// The tenants whose usage this node has written since it was asked last.
    private let takeWritten: @Sendable () -> Set<TenantID>
    private let lastSweep = Mutex<Timestamp?>(nil)

    /// How often the tenants are visited that this node has written nothing for: those of nodes that are gone, and those
    /// whose old usage is to be forgotten.
    private static let sweepInterval = Duration.seconds(6 * 3600)

    package init(platform: Platform, takeWritten: @escaping @Sendable () -> Set<TenantID>) {
        self.platform = platform
        self.takeWritten = takeWritten
    }

    package func reconcile() async throws {
        let now = platform.surroundings.now()
        var tenants = takeWritten()
        if isSweepDue(at: now) {
            tenants.formUnion(try await platform.database.schemas())
        }
        for tenant in tenants.sorted() where !Task.isCancelled {
            do {
                try await rollUp(tenant, now)
            } catch DatabaseError.noSuchSchema {
                // Purged meanwhile.
            } catch {
                // What is not rolled up is counted all the same; the next window or sweep takes it up.
                platform.logger.warning(
                    "usage could not be rolled up", metadata: ["tenant": "\(tenant)", "error": "\(error)"])
            }
        }
    }

    /// Whether all tenants are to be visited; that then counts as done.
    private func isSweepDue(at now: Timestamp) -> Bool {
        lastSweep.withLock { last in
            if let last, now - last < Self.sweepInterval { return false }
            last = now
            return true
        }
    }

    private func rollUp(_ tenant: TenantID, _ now: Timestamp) async throws {
        let record = try await platform.database.read(.platform) { try TenantRepository($0).find(tenant) }
        guard let record else { return }
        let retention = platform.plans.plan(of: record).usageRetention
        // The running minute would only be rolled up again.
        let end = UsageInterval.minute.start(of: now)
        while try await platform.database.write(
            .tenant(tenant), { try UsageRepository($0).rollUp(before: end, keeping: retention) })
        {
            if Task.isCancelled { return }
        }
        try await platform.database.write(.tenant(tenant)) { sql in
            // A node's file of counters may be found long after it died; its windows must be known for as long.
            _ = try UsageRepository(sql).deleteWindows(before: now - .seconds(400 * 86_400))
        }
    }
}
