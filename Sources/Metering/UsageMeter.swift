package import Domain
package import Logging
package import Persistence
import ServiceLifecycle
import Synchronization

/// Counts answered requests in memory and writes the sums to each tenant's ledger: every second, at shutdown, and when a
/// reader asks. A window that the ledger did not acknowledge is written again under the same key, which adds it once.
package final class UsageMeter: Service {
    /// Writes rows to a tenant's ledger unless the window of this node with this number is there already.
    package typealias Ledger =
        @Sendable (_ tenant: TenantID, _ records: [UsageRecord], _ window: UsageWindow) async throws -> Void

    private let ledger: Ledger
    private let interval: Duration
    private let logger: Logger
    /// Names this run of this process, so that windows of two nodes or two runs never meet.
    private let node: String
    private let sequence = Atomic<Int>(0)
    private let tenants = Mutex<[TenantID: TenantUsage]>([:])

    package init(
        ledger: @escaping Ledger, surroundings: Surroundings, interval: Duration = .seconds(1), logger: Logger
    ) {
        self.ledger = ledger
        self.interval = interval
        self.logger = logger
        node = String(surroundings.random(), radix: 36)
    }

    /// A meter that writes to the tenants' schemas.
    package convenience init(
        database: any Database, surroundings: Surroundings, interval: Duration = .seconds(1), logger: Logger
    ) {
        self.init(
            ledger: { tenant, records, window in
                let now = surroundings.now()
                try await database.write(.tenant(tenant)) { sql in
                    _ = try UsageRepository(sql).add(records, window: window, at: now)
                }
            },
            surroundings: surroundings, interval: interval, logger: logger)
    }

    /// The counters of one tenant, to be kept by whoever counts often.
    package func usage(of tenant: TenantID) -> TenantUsage {
        tenants.withLock { tenants in
            if let usage = tenants[tenant] { return usage }
            let usage = TenantUsage(tenant: tenant)
            tenants[tenant] = usage
            return usage
        }
    }

    /// Brings the tenant's ledger up to date with every request answered before the call.
    ///
    /// - Throws: what the database throws; the counts are kept and go with the next flush.
    package func flush(_ tenant: TenantID) async throws {
        guard let usage = tenants.withLock({ $0[tenant] }) else { return }
        try await flush(usage)
    }

    /// Forgets the counts of a tenant whose schema is gone.
    package func remove(_ tenant: TenantID) {
        tenants.withLock { $0[tenant] = nil }
    }

    /// Flushes until shutdown, and once more then.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: self.interval)
                if !Task.isCancelled { await self.flushAll() }
            }
        }
        // The last flush must not be cut short by the cancellation that ended the loop.
        await Task { await self.flushAll() }.value
    }

    /// Flushes every tenant with pending counts; a failure is logged and its counts are kept.
    package func flushAll() async {
        let pending = tenants.withLock { $0.values.filter(\.hasPending) }
        for usage in pending {
            do {
                try await flush(usage)
            } catch {
                logger.warning(
                    "usage counts could not be written and will be tried again",
                    metadata: ["tenant": "\(usage.tenant)", "error": "\(error)"])
            }
        }
    }

    private func flush(_ usage: TenantUsage) async throws {
        await usage.beginFlush()
        defer { usage.endFlush() }
        // Twice at most: a window left over from a failure, and then what was counted since.
        while let window = usage.takeWindow(number: { sequence.add(1, ordering: .relaxed).newValue }) {
            do {
                try await ledger(usage.tenant, window.records, UsageWindow(node: node, sequence: window.sequence))
            } catch DatabaseError.noSuchSchema {
                // The tenant was purged; nobody can ask for these counts any more.
            }
            usage.dropWindow()
        }
    }
}
