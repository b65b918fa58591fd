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
    private let sweep = Mutex(Sweep())

    /// The tenants that this node has written nothing for are visited too, a few at a time: those of nodes that are gone, and
    /// those whose old usage is to be forgotten.
    private struct Sweep {
        var tenants: [TenantID] = []
        var visited = 0
        var begun: Timestamp?

        /// As many as the time since the sweep began asks for, but a few at least, so that a small installation is
        /// through soon.
        mutating func next(at now: Timestamp) -> ArraySlice<TenantID> {
            guard let begun else { return [] }
            let share = Double((now - begun).microseconds) / Double(UsageReconciler.sweepInterval.microseconds)
            let due = Int((Double(tenants.count) * min(share, 1)).rounded(.up)) - visited
            let next = tenants.dropFirst(visited).prefix(max(due, UsageReconciler.leastPace))
            visited += next.count
            return next
        }
    }

    /// In which every tenant is visited once.
    private static let sweepInterval = Duration.seconds(6 * 3600)
    /// How often this is called, unless there is so much to do that a call takes longer.
    package static let period = Duration.seconds(60)
    private static let leastPace = 10
    /// Nobody waits for a roll-up, since reports add the minutes that are not rolled up yet. So many of them take a
    /// fiftieth of a core at most: after each comes a pause of so many times as long as it took. The longer a round
    /// takes, the more minutes each of its roll-ups has, for hardly more work.
    package static let usualPace = BackgroundPace(pausing: 49)
    private let pace: BackgroundPace

    package init(
        platform: Platform, takeWritten: @escaping @Sendable () -> Set<TenantID>,
        pace: BackgroundPace = UsageReconciler.usualPace
    ) {
        self.platform = platform
        self.takeWritten = takeWritten
        self.pace = pace
    }

    package func reconcile() async throws {
        let now = platform.surroundings.now()
        let written = takeWritten()
        let swept = Set(try await nextInSweep(at: now))
        for tenant in written.union(swept).sorted() where !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await rollUp(tenant, forgettingWindows: swept.contains(tenant), now)
            } catch DatabaseError.noSuchSchema {
                // Purged meanwhile.
            } catch {
                // What is not rolled up is counted all the same; the next window or sweep takes it up.
                platform.logger.warning(
                    "usage could not be rolled up", metadata: ["tenant": "\(tenant)", "error": "\(error)"])
            }
            await pace.rest(since: start)
        }
    }

    private func nextInSweep(at now: Timestamp) async throws -> ArraySlice<TenantID> {
        let isDue = sweep.withLock { sweep in
            sweep.visited == sweep.tenants.count && sweep.begun.map { now - $0 >= Self.sweepInterval } ?? true
        }
        if isDue {
            let tenants = try await platform.database.schemas()
            sweep.withLock { $0 = Sweep(tenants: tenants, begun: now) }
        }
        return sweep.withLock { $0.next(at: now) }
    }

    private func rollUp(_ tenant: TenantID, forgettingWindows: Bool, _ now: Timestamp) async throws {
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
        guard forgettingWindows else { return }
        try await platform.database.write(.tenant(tenant)) { sql in
            // A node's file of counters may be found long after it died; its windows must be known for as long.
            _ = try UsageRepository(sql).deleteWindows(before: now - .seconds(400 * 86_400))
        }
    }
}
