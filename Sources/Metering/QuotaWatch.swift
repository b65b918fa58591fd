package import Domain
import JSON
package import Logging
package import Persistence
import Synchronization

/// Tells a tenant by mail, and the audit log, that four fifths of a limit are used, and that all of it is: once in each
/// window, whichever node sees it first. The window is an hour for the request rate and a day for everything else.
package final class QuotaWatch: Sendable {
    private static let hour: Int64 = 3_600_000_000
    private static let remembered = 20_000

    private struct Event: Hashable {
        let tenant: TenantID
        let key: QuotaKey
        let level: Int
        let window: Int64
    }

    private let database: any Database
    private let surroundings: Surroundings
    private let logger: Logger
    /// What need not be written again.
    private let known = Mutex<Set<Event>>([])

    package init(database: any Database, surroundings: Surroundings, logger: Logger) {
        self.database = database
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Looks at how much of a limit is in use; never throws, since nobody's request depends on it.
    package func look(at key: QuotaKey, used: Int, limit: Int?, of tenant: TenantRecord) async {
        guard let limit, limit > 0, let level = Self.level(used, of: limit) else { return }
        let now = surroundings.now()
        let width = key == .maxRequestsPerMinute ? Self.hour : 24 * Self.hour
        let window = now.microseconds / width * width
        let event = Event(tenant: tenant.id, key: key, level: level, window: window)
        guard !known.withLock({ $0.contains(event) }) else { return }
        do {
            try await note(event, used: used, limit: limit, of: tenant, at: now)
            known.withLock { known in
                if known.count >= Self.remembered { known.removeAll() }
                known.insert(event)
                // Who has heard of all of it need not hear of four fifths.
                if level == 100 { known.insert(Event(tenant: tenant.id, key: key, level: 80, window: window)) }
            }
        } catch {
            logger.warning(
                "that a tenant is near a limit could not be noted",
                metadata: ["tenant_id": "\(tenant.id)", "quota": "\(key.rawValue)", "error": "\(error)"])
        }
    }

    private static func level(_ used: Int, of limit: Int) -> Int? {
        if used >= limit { return 100 }
        return used >= limit - limit / 5 ? 80 : nil
    }

    private func note(
        _ event: Event, used: Int, limit: Int, of tenant: TenantRecord, at now: Timestamp
    ) async throws {
        let mail = Mail(
            id: MailID(from: surroundings), to: tenant.adminEmail, subject: Self.subject(event, tenant),
            text: Self.text(event, used: used, limit: limit, tenant))
        let audit = AuditRecord(
            id: AuditID(from: surroundings), at: now, tenantID: tenant.id, actor: "system",
            action: event.level == 100 ? "quota.reached" : "quota.near", target: event.key.rawValue, requestID: "",
            detail: ["level": JSON(event.level), "used": JSON(used), "limit": JSON(limit)])
        let window = Timestamp(microseconds: event.window)
        try await database.write(.platform) { sql in
            let events = QuotaEventRepository(sql)
            guard try events.insert(event.key, level: event.level, of: tenant.id, window: window, at: now) else {
                return
            }
            if event.level == 100 {
                _ = try events.insert(event.key, level: 80, of: tenant.id, window: window, at: now)
            }
            try OutboxRepository(sql).insert(
                OutboxRecord(mail: mail, tenantID: tenant.id, createdAt: now, nextAttemptAt: now))
            try AuditRepository(sql).insert(audit)
        }
    }

    private static func subject(_ event: Event, _ tenant: TenantRecord) -> String {
        event.level == 100
            ? "\(tenant.name) has reached its limit \(event.key.rawValue)"
            : "\(tenant.name) has used 80 % of its limit \(event.key.rawValue)"
    }

    private static func text(_ event: Event, used: Int, limit: Int, _ tenant: TenantRecord) -> String {
        let effect =
            event.level == 100
            ? "What goes beyond it is refused until there is room again." : "What goes beyond it will be refused."
        let period = event.key == .maxRequestsPerMinute ? "hour" : "day"
        return """
            The \(tenant.plan) plan of "\(tenant.name)" has a \(event.key.rawValue) of \(limit); \(used) are in use.

            \(effect) A larger plan, or an override by your operator, lifts the limit.

            This is said once in each \(period) at most.

            """
    }
}
