package import Domain
import Synchronization

/// The rate limiters of all tenants on this node: one for each, kept while the process lives or the tenant is forgotten.
package final class RateLimiters: Sendable {
    private let limiters = Mutex<[TenantID: RateLimiter]>([:])

    package init() {}

    /// The tenant's limiter, made with `limit` when there is none; the limit of an existing one is set.
    package func limiter(for tenant: TenantID, limit: Int?) -> RateLimiter {
        limiters.withLock { limiters in
            if let limiter = limiters[tenant] {
                limiter.setLimit(limit)
                return limiter
            }
            let limiter = RateLimiter(limit: limit)
            limiters[tenant] = limiter
            return limiter
        }
    }

    /// The limiter of a tenant that has had requests on this node.
    package func existing(_ tenant: TenantID) -> RateLimiter? { limiters.withLock { $0[tenant] } }

    package func remove(_ tenant: TenantID) {
        limiters.withLock { $0[tenant] = nil }
    }
}
