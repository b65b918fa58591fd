import Domain
import HTTPTypes
import JSON
import Persistence

/// `/mail/dead-letters`: mail that was given up, for the operator.
enum DeadLetterRoutes {
    private static let collection = "/mail/dead-letters"

    static let endpoints: [Endpoint] = [
        Endpoint(.get, collection, query: Paging.parameterNames, .admin(list)),
        Endpoint(.post, collection + "/{mail_id}/retry", .admin(retry)),
    ]

    private static func list(_ context: AdminContext) async throws -> Reply {
        let paging = try context.request.paging()
        return try await context.read { sql in
            let outbox = OutboxRepository(sql)
            return try paging.reply(
                page: { try outbox.dead(page: $0) }, after: { try outbox.dead(after: $0, limit: $1) }, json: \.json)
        }
    }

    private static func retry(_ context: AdminContext) async throws -> Reply {
        let id: MailID = try context.request.id("mail_id", "dead letter")
        let now = context.platform.surroundings.now()
        let reply = try await context.write { sql in
            guard let letter = try OutboxRepository(sql).revive(id, at: now) else {
                throw Problem.notFound("dead letter")
            }
            return Change(
                Reply(status: 202, body: .json(letter.json)),
                audit: [AuditNote("mail.retry", target: id.text, tenant: letter.tenantID)])
        }
        context.platform.mailNudge.nudge()
        return reply
    }
}

extension OutboxRecord {
    /// Without the text, which is between us and the receiver.
    fileprivate var json: JSON {
        let state = deadAt == nil ? "waiting" : sendingSince == nil ? "refused" : "uncertain"
        return [
            "id": .string(mail.id.text), "tenant_id": JSON(tenantID?.text), "to": .string(mail.to),
            "subject": .string(mail.subject), "state": .string(state), "attempts": JSON(attempts),
            "last_error": JSON(lastError), "created_at": .string(createdAt.rfc3339), "dead_at": JSON(deadAt?.rfc3339),
        ]
    }
}
