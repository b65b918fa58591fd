package import Domain
package import Persistence
import Synchronization

/// Whether this node refuses what is over a limit: the operator's switch, one for the whole platform, and the count of what
/// passed although it was over.
package final class EnforcementSwitch: Sendable {
    private let reports = Atomic<Bool>(false)
    private let observer = Mutex<@Sendable (QuotaKey) -> Void>({ _ in })

    package init() {}

    package var mode: Enforcement { reports.load(ordering: .relaxed) ? .report : .enforce }

    package func set(_ mode: Enforcement) { reports.store(mode == .report, ordering: .relaxed) }

    /// Brings this node to what the database says; every node does so once a second.
    package func refresh(from database: any Database) async throws {
        let value = try await database.read(.platform) { sql in
            try SwitchRepository(sql).find(SwitchRepository.enforcement)?.value
        }
        set(value.flatMap { Enforcement(rawValue: $0) } ?? .enforce)
    }

    /// Hears of everything that passed although it was over a limit.
    package func observe(_ observer: @escaping @Sendable (QuotaKey) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Whether nothing over a limit of such a plan is refused.
    package func onlyReports(_ plan: Enforcement) -> Bool { plan == .report || mode == .report }

    /// Whether something over a limit passes all the same; counts it then.
    package func letsPass(_ key: QuotaKey, plan: Enforcement) -> Bool {
        guard onlyReports(plan) else { return false }
        observer.withLock { $0 }(key)
        return true
    }
}
