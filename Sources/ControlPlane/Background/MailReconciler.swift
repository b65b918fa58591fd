import Domain
import Logging
import Persistence

/// Sends what the outbox holds. A mail that the receiver refuses for good, or that fails too often, is given up and kept
/// for a person to look at.
///
/// A sender claims a mail before it sends it, so of several nodes one does. A node that dies before it has noted how the
/// sending ended leaves a claim that runs out. Whether that mail arrived nobody knows, so it is not sent again by itself: it
/// becomes a dead letter, for which a person decides.
package struct MailReconciler: Reconciler {
    package let name = "mail"
    private let platform: Platform

    /// With the backoff below that is after about two days.
    private static let attempts = 20
    private static let firstDelay = Duration.seconds(30)
    private static let longestDelay = Duration.seconds(4 * 3600)
    /// Longer than any mailer takes for one mail.
    private static let lease = Duration.seconds(5 * 60)
    private static let batch = 100

    package init(platform: Platform) { self.platform = platform }

    package func reconcile() async throws {
        let now = platform.surroundings.now()
        let due = try await platform.database.read(.platform) { sql in
            try OutboxRepository(sql).due(at: now, limit: Self.batch)
        }
        for entry in due {
            if Task.isCancelled { return }
            if entry.sendingSince != nil, !platform.mailer.knowsRepeats {
                try await note(MailerError.uncertain("the node that sent it has gone away"), entry)
                continue
            }
            guard let mail = try await claim(entry) else { continue }
            do {
                try await platform.mailer.send(mail)
            } catch {
                try await note(error, entry)
                continue
            }
            let sentAt = platform.surroundings.now()
            try await platform.database.write(.platform) { sql in
                try OutboxRepository(sql).markSent(mail.id, at: sentAt)
            }
        }
    }

    /// The mail as it is to be sent, or nil when another node has it.
    private func claim(_ entry: OutboxRecord) async throws -> Mail? {
        let now = platform.surroundings.now()
        let link = entry.hasLink ? entry.tenantID.map { OneTimeLink(of: $0, at: now, platform.surroundings) } : nil
        let memberLink = entry.memberLink.flatMap { link in
            entry.tenantID.map { SignInLink(link, of: $0, at: now, platform.surroundings) }
        }
        let addresses = platform.addresses
        return try await platform.database.write(.platform) { sql in
            guard try OutboxRepository(sql).claim(entry, until: now + Self.lease, at: now) else { return nil }
            if let memberLink {
                try SignInRepository(sql).insert(memberLink.record)
                return memberLink.put(into: entry.mail, addresses)
            }
            guard let link else { return entry.mail }
            try OneTimeLinkRepository(sql).insert(link.record)
            return link.put(into: entry.mail, addresses)
        }
    }

    private func note(_ error: any Error, _ entry: OutboxRecord) async throws {
        let id = entry.mail.id
        let now = platform.surroundings.now()
        let attempts = entry.attempts + 1
        let isPermanent = if case .permanent? = error as? MailerError { true } else { false }
        let isUncertain = if case .uncertain? = error as? MailerError { true } else { false }
        let isDead = isPermanent || isUncertain || attempts >= Self.attempts
        let text = String("\(error)".prefix(500))
        platform.logger.log(
            level: isDead ? .error : .warning, isDead ? "mail is given up" : "mail could not be sent",
            metadata: ["mail_id": "\(id)", "attempts": "\(attempts)", "error": "\(error)"])
        try await platform.database.write(.platform) { sql in
            if isUncertain {
                try OutboxRepository(sql).markUncertain(id, error: text, at: now)
            } else if isDead {
                try OutboxRepository(sql).markDead(id, error: text, at: now)
            } else {
                try OutboxRepository(sql).markFailed(id, error: text, nextAttempt: now + Self.delay(after: attempts))
            }
        }
    }

    /// Doubles from half a minute up to four hours.
    static func delay(after attempts: Int) -> Duration {
        min(firstDelay * (1 << min(attempts - 1, 16)), longestDelay)
    }
}
