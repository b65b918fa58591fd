package import Domain

/// `platform.mail_outbox`.
package struct OutboxRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns =
        """
        id, tenant_id, recipient, subject, body, html, has_link, created_at, sent_at, attempts, next_attempt_at, last_error,
        dead_at, member_id, link_seconds, sending_since
        """

    /// Adds a mail; one with the same id that is there already stays as it is, so a repeated step adds nothing.
    package func insert(_ record: OutboxRecord) throws {
        try sql.execute(
            """
            INSERT INTO mail_outbox (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                $16)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                .init(record.mail.id), .init(record.tenantID?.text), .text(record.mail.to), .text(record.mail.subject),
                .text(record.mail.text), .init(record.mail.html), .init(record.hasLink), .init(record.createdAt),
                .init(record.sentAt), .init(record.attempts), .init(record.nextAttemptAt), .init(record.lastError),
                .init(record.deadAt), .init(record.memberLink?.member.text), .init(record.memberLink?.lifetime),
                .init(record.sendingSince),
            ])
    }

    package func find(_ id: MailID) throws -> OutboxRecord? {
        try sql.first("SELECT \(Self.columns) FROM mail_outbox WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Unsent mail whose time has come, longest waiting first.
    package func due(at now: Timestamp, limit: Int) throws -> [OutboxRecord] {
        try sql.query(
            """
            SELECT \(Self.columns) FROM mail_outbox WHERE sent_at IS NULL AND dead_at IS NULL AND next_attempt_at <= $1
            ORDER BY next_attempt_at, id LIMIT $2
            """, [.init(now), .init(limit)]
        ).map(Self.record)
    }

    /// How many wait, due or not.
    package func pendingCount() throws -> Int {
        try sql.first(
            "SELECT COUNT(*) AS total FROM mail_outbox WHERE sent_at IS NULL AND dead_at IS NULL", []
        )?.integer("total") ?? 0
    }

    /// How many were given up.
    package func deadCount() throws -> Int {
        try sql.first("SELECT COUNT(*) AS total FROM mail_outbox WHERE dead_at IS NOT NULL", [])?.integer("total") ?? 0
    }

    /// How many links a tenant's members were sent since `moment`, or one member was.
    package func memberLinkCount(of tenant: TenantID, _ member: MemberID?, since moment: Timestamp) throws -> Int {
        var selection = Selection("id", from: "mail_outbox", by: "created_at")
        selection.require("tenant_id = ?", .init(tenant))
        // The index holds those with a member only.
        selection.require("member_id IS NOT NULL")
        if let member { selection.require("member_id = ?", .init(member)) }
        selection.require("created_at > ?", .init(moment))
        return try selection.count(sql)
    }

    /// Takes a due mail for one sender until `lease`; after that it is due again, as after a crash, and shows since when it
    /// has been on its way.
    ///
    /// - Returns: false when another sender took it since `record` was read.
    package func claim(_ record: OutboxRecord, until lease: Timestamp, at now: Timestamp) throws -> Bool {
        let changed = try sql.execute(
            """
            UPDATE mail_outbox SET next_attempt_at = $3, sending_since = $4
            WHERE id = $1 AND next_attempt_at = $2 AND sent_at IS NULL AND dead_at IS NULL
            """, [.init(record.mail.id), .init(record.nextAttemptAt), .init(lease), .init(now)])
        return changed == 1
    }

    package func markSent(_ id: MailID, at now: Timestamp) throws {
        try sql.execute(
            """
            UPDATE mail_outbox SET sent_at = $2, attempts = attempts + 1, last_error = NULL, sending_since = NULL,
                dead_at = NULL
            WHERE id = $1 AND sent_at IS NULL
            """, [.init(id), .init(now)])
    }

    /// Notes a failure, to be tried again at `nextAttempt`.
    package func markFailed(_ id: MailID, error: String, nextAttempt: Timestamp) throws {
        try sql.execute(
            """
            UPDATE mail_outbox SET attempts = attempts + 1, last_error = $2, next_attempt_at = $3, sending_since = NULL
            WHERE id = $1 AND sent_at IS NULL
            """, [.init(id), .text(error), .init(nextAttempt)])
    }

    /// Gives a mail up.
    package func markDead(_ id: MailID, error: String, at now: Timestamp) throws {
        try sql.execute(
            """
            UPDATE mail_outbox SET attempts = attempts + 1, last_error = $2, dead_at = $3, sending_since = NULL
            WHERE id = $1 AND sent_at IS NULL
            """, [.init(id), .text(error), .init(now)])
    }

    /// Gives a mail up that may have arrived: it goes on showing since when it has been on its way.
    package func markUncertain(_ id: MailID, error: String, at now: Timestamp) throws {
        try sql.execute(
            """
            UPDATE mail_outbox SET attempts = attempts + 1, last_error = $2, dead_at = $3
            WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL
            """, [.init(id), .text(error), .init(now)])
    }

    /// Those that were given up, newest first.
    package func dead(page: Page) throws -> Listing<OutboxRecord> { try deadLetters.page(page, sql, Self.record) }

    /// Those that were given up, newest first, after `cursor`.
    package func dead(after cursor: Cursor?, limit: Int) throws -> CursorListing<OutboxRecord> {
        try deadLetters.after(cursor, limit: limit, sql, Self.record)
    }

    private var deadLetters: Selection {
        var selection = Selection(Self.columns, from: "mail_outbox", by: "dead_at", .descending)
        selection.require("dead_at IS NOT NULL")
        return selection
    }

    /// Lets a mail that was given up be sent again from the first attempt.
    ///
    /// - Returns: nil when there is none of this id that was given up.
    package func revive(_ id: MailID, at now: Timestamp) throws -> OutboxRecord? {
        let changed = try sql.execute(
            """
            UPDATE mail_outbox SET dead_at = NULL, sending_since = NULL, attempts = 0, next_attempt_at = $2
            WHERE id = $1 AND dead_at IS NOT NULL AND sent_at IS NULL
            """, [.init(id), .init(now)])
        return changed == 1 ? try find(id) : nil
    }

    /// - Returns: how many went.
    @discardableResult
    package func deleteSent(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM mail_outbox WHERE sent_at < $1", [.init(moment)])
    }

    private static func record(_ row: SQLRow) throws -> OutboxRecord {
        var memberLink: MemberLink?
        if try row.optionalText("member_id") != nil {
            memberLink = MemberLink(member: try row.id("member_id"), lifetime: try row.integer("link_seconds"))
        }
        return OutboxRecord(
            mail: Mail(
                id: try row.id("id"), to: try row.text("recipient"), subject: try row.text("subject"),
                text: try row.text("body"), html: try row.optionalText("html")),
            tenantID: try row.optionalTenant("tenant_id"), hasLink: try row.bool("has_link"),
            memberLink: memberLink,
            createdAt: try row.timestamp("created_at"),
            sentAt: try row.optionalTimestamp("sent_at"), attempts: try row.integer("attempts"),
            nextAttemptAt: try row.timestamp("next_attempt_at"), lastError: try row.optionalText("last_error"),
            deadAt: try row.optionalTimestamp("dead_at"),
            sendingSince: try row.optionalTimestamp("sending_since"))
    }
}
