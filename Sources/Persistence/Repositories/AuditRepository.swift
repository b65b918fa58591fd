package import Domain

/// Which entries of the audit log a list shows.
package struct AuditFilter: Sendable, Hashable {
    package var tenant: TenantID?
    package var action: String?
    package var actor: String?
    package var target: String?
    package var from: Timestamp?
    /// Not included.
    package var to: Timestamp?

    package init(
        tenant: TenantID? = nil, action: String? = nil, actor: String? = nil, target: String? = nil,
        from: Timestamp? = nil, to: Timestamp? = nil
    ) {
        self.tenant = tenant
        self.action = action
        self.actor = actor
        self.target = target
        self.from = from
        self.to = to
    }
}

/// `platform.audit_log`: only ever added to.
package struct AuditRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = "id, occurred_at, tenant_id, actor, action, target, request_id, detail"

    package func insert(_ record: AuditRecord) throws {
        try sql.execute(
            "INSERT INTO audit_log (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .init(record.id), .init(record.at), .init(record.tenantID?.text), .text(record.actor),
                .text(record.action), .text(record.target), .text(record.requestID), .init(record.detail),
            ])
    }

    /// Newest first.
    package func list(_ filter: AuditFilter = AuditFilter(), page: Page) throws -> Listing<AuditRecord> {
        try selection(filter).page(page, sql, Self.record)
    }

    /// Newest first, after `cursor`.
    package func list(
        _ filter: AuditFilter = AuditFilter(), after cursor: Cursor?, limit: Int
    ) throws -> CursorListing<AuditRecord> {
        try selection(filter).after(cursor, limit: limit, sql, Self.record)
    }

    /// What was done to tenants since `moment`, oldest first: which tenants' data a node has to look at again.
    package func changes(since moment: Timestamp, limit: Int) throws -> [(id: AuditID, tenant: TenantID)] {
        try sql.query(
            """
            SELECT id, tenant_id FROM audit_log WHERE occurred_at >= $1 AND tenant_id IS NOT NULL
            ORDER BY occurred_at, id LIMIT $2
            """, [.init(moment), .init(limit)]
        ).map { (id: try $0.id("id"), tenant: try $0.tenant("tenant_id")) }
    }

    /// - Returns: how many went.
    @discardableResult
    package func delete(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM audit_log WHERE occurred_at < $1", [.init(moment)])
    }

    private func selection(_ filter: AuditFilter) -> Selection {
        var selection = Selection(Self.columns, from: "audit_log", by: "occurred_at", .descending)
        if let tenant = filter.tenant { selection.require("tenant_id = ?", .init(tenant)) }
        if let action = filter.action { selection.require("action = ?", .text(action)) }
        if let actor = filter.actor { selection.require("actor = ?", .text(actor)) }
        if let target = filter.target { selection.require("target = ?", .text(target)) }
        if let from = filter.from { selection.require("occurred_at >= ?", .init(from)) }
        if let to = filter.to { selection.require("occurred_at < ?", .init(to)) }
        return selection
    }

    private static func record(_ row: SQLRow) throws -> AuditRecord {
        AuditRecord(
            id: try row.id("id"), at: try row.timestamp("occurred_at"), tenantID: try row.optionalTenant("tenant_id"),
            actor: try row.text("actor"), action: try row.text("action"), target: try row.text("target"),
            requestID: try row.text("request_id"), detail: try row.json("detail"))
    }
}
