package import Domain
import Synchronization

/// The rate limiters of all tenants on this node: one for each, kept while the process lives or the tenant is forgotten.
package final class RateLimiters: Sendable {
    private let limiters = Mutex<[TenantID: RateLimiter]>([:])
    package let keeper: LeaseKeeper?

    /// - Parameter keeper: set where several nodes share each tenant's quota.
    package init(keeper: LeaseKeeper? = nil) { self.keeper = keeper }

    /// The tenant's limiter, made with `limit` when there is none; the limit of an existing one is set.
    package func limiter(for tenant: TenantID, limit: Int?) -> RateLimiter {
        limiters.withLock { limiters in
            if let limiter = limiters[tenant] {
                limiter.setLimit(limit)
                return limiter
            }
            let limiter = keeper.map { RateLimiter($0.rate(of: tenant, limit: limit)) } ?? RateLimiter(limit: limit)
            limiters[tenant] = limiter
            return limiter
        }
    }

    /// The limiter of a tenant that has had requests on this node.
    package func existing(_ tenant: TenantID) -> RateLimiter? { limiters.withLock { $0[tenant] } }

    package func remove(_ tenant: TenantID) {
        limiters.withLock { $0[tenant] = nil }
    }

    /// Waits until an undecided limiter can decide.
    package func lease(_ limiter: RateLimiter) async {
        guard let keeper, let leased = limiter.leased else { return }
        await keeper.lease(leased)
    }
}
