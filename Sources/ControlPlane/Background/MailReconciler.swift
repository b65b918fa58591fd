import Domain
import Logging
import Persistence

/// Sends what the outbox holds, again and again until it is gone.
package struct MailReconciler: Reconciler {
    package let name = "mail"
    private let platform: Platform

    /// Attempts, after which a person has to look; with the backoff below that is after about two days.
    private static let attempts = 20
    private static let never = Duration.seconds(100 * 365 * 86_400)
    private static let firstDelay = Duration.seconds(30)
    private static let longestDelay = Duration.seconds(4 * 3600)

    package init(platform: Platform) { self.platform = platform }

    package func reconcile() async throws {
        let now = platform.surroundings.now()
        let due = try await platform.database.read(.platform) { sql in
            try OutboxRepository(sql).due(at: now, limit: 100)
        }
        for entry in due {
            let id = entry.mail.id
            do {
                try await platform.mailer.send(entry.mail)
            } catch {
                platform.logger.warning(
                    "mail could not be sent", metadata: ["mail_id": "\(id)", "error": "\(error)"])
                let attempts = entry.attempts + 1
                let delay = attempts < Self.attempts ? Self.delay(after: attempts) : Self.never
                let text = String("\(error)".prefix(500))
                try await platform.database.write(.platform) { sql in
                    try OutboxRepository(sql).markFailed(id, error: text, nextAttempt: now + delay)
                }
                continue
            }
            let sentAt = platform.surroundings.now()
            try await platform.database.write(.platform) { sql in try OutboxRepository(sql).markSent(id, at: sentAt) }
        }
    }

    /// Doubles from half a minute up to four hours.
    static func delay(after attempts: Int) -> Duration {
        min(firstDelay * (1 << min(attempts - 1, 16)), longestDelay)
    }
}
