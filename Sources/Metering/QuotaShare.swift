import Domain
import Synchronization

/// A node's share of a tenant's quota while the store of leases does not answer. It is spread over the minute, so that a
/// tenant with an even load notices nothing and a burst gets no second quota at once: at least one request a minute, else at
/// most a tenth of the share in any six seconds.
final class QuotaShare: Sendable {
    private static let mostParts = 10

    /// What was admitted, and when, as far as it still counts.
    struct Admissions: Sendable {
        /// By second, the oldest first; in microseconds since 1970.
        var recent: [(at: Int64, count: Int)] = []
        /// Since the beginning.
        var total = 0
    }

    private let limiter: RateLimiter
    private let log = Mutex(Admissions())

    /// - Parameters:
    ///   - limit: the tenant's requests in 60 seconds.
    ///   - nodes: among how many it is shared.
    init(limit: Int, nodes: Int) {
        let share = max(1, limit / max(1, nodes))
        let parts = min(Self.mostParts, share)
        limiter = RateLimiter(limit: share / parts, parts: parts)
    }

    func admit(at now: Timestamp) -> RateVerdict {
        let verdict = limiter.admit(at: now)
        guard verdict == .admitted else { return verdict }
        let now = now.microseconds
        log.withLock { log in
            log.total += 1
            if let last = log.recent.last, last.at / 1_000_000 == now / 1_000_000 {
                log.recent[log.recent.count - 1] = (max(last.at, now), last.count + 1)
            } else {
                log.recent.removeAll { $0.at <= now - 60_000_000 }
                log.recent.append((now, 1))
            }
        }
        return verdict
    }

    var admissions: Admissions { log.withLock { $0 } }
}
