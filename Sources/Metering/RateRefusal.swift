package import Domain
import JSON

extension Problem {
    /// 429 with when to come back.
    ///
    /// - Parameter noun: what is counted, in the plural.
    package static func rateLimited(_ standing: RateStanding, of noun: String = "requests") -> Problem {
        let limit = standing.limit ?? 0
        return Problem(
            .tooManyRequests, code: "rate_limited",
            detail: "This account's plan allows \(limit) \(noun) in 60 seconds.",
            headers: [
                ("Retry-After", String(standing.resetSeconds)), ("RateLimit-Limit", String(limit)),
                ("RateLimit-Remaining", String(standing.remaining ?? 0)),
                ("RateLimit-Reset", String(standing.resetSeconds)),
            ],
            members: ["limit": .init(limit)])
    }
}
