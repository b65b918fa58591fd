import Domain
import Metering
import Synchronization

/// How fast each tenant may call the management API: as fast as its plan lets its mocks be called, counted apart from those,
/// and by each node for itself, since this guards the node and bills nobody.
final class ManagementRates: Sendable {
    /// A tenant whose mocks are throttled to nothing still reaches its own account.
    static let least = 600
    private static let remembered = 10_000

    private let limiters = Mutex<[TenantID: RateLimiter]>([:])

    /// Counts a call.
    ///
    /// - Throws: 429 when there were as many in the last minute as the plan allows.
    func admit(_ tenant: TenantID, _ entitlements: Entitlements, at now: Timestamp) throws(Problem) {
        guard let limit = entitlements.limit(.maxRequestsPerMinute).value else { return }
        let limiter = limiter(of: tenant, at: now)
        limiter.setLimit(max(limit, Self.least))
        if case .denied(let standing) = limiter.admit(at: now) {
            throw Problem.rateLimited(standing, of: "management requests")
        }
    }

    private func limiter(of tenant: TenantID, at now: Timestamp) -> RateLimiter {
        limiters.withLock { limiters in
            if let limiter = limiters[tenant] { return limiter }
            if limiters.count >= Self.remembered { limiters = limiters.filter { $0.value.used(at: now) > 0 } }
            let limiter = RateLimiter(limit: Self.least)
            limiters[tenant] = limiter
            return limiter
        }
    }
}
