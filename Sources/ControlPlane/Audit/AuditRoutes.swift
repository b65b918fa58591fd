import Domain
import HTTPTypes
import JSON
import Persistence

/// `/audit-log`: who changed what. The administrator sees all, a tenant what concerns it.
enum AuditRoutes {
    private static let filters = ["action", "actor", "target", "from", "to"]

    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/audit-log", query: Paging.parameterNames + filters + ["tenant_id"], openToSuspended: true,
            .both(
                admin: { context in
                    let request = try AuditRequest(context.request.query, tenant: nil)
                    return try await context.read { sql in try request.reply(sql) }
                }, .admin,
                tenant: { context in
                    let request = try AuditRequest(context.request.query, tenant: context.tenant.id)
                    return try await context.readAccount { sql, _ in try request.reply(sql) }
                }))
    ]
}

/// Which part of the log is asked for, newest first.
private struct AuditRequest: Sendable {
    let filter: AuditFilter
    let paging: Paging

    /// - Parameter tenant: with it, the log is this tenant's, whatever the query says.
    init(_ query: QueryParameters, tenant: TenantID?) throws {
        let violations = query.violations()
        paging = Paging(query, violations)
        var asked: TenantID?
        if let text = query["tenant_id"] {
            asked = TenantID(text)
            if asked == nil { query.refuse("tenant_id", "invalid_format", "must be a tenant's id", violations) }
            if let tenant, asked != tenant {
                query.refuse(
                    "tenant_id", "invalid_value", "must be your own; a tenant sees its own log only", violations)
            }
        }
        filter = AuditFilter(
            tenant: tenant ?? asked, action: query["action"], actor: query["actor"], target: query["target"],
            from: query.timestamp("from", violations), to: query.timestamp("to", violations))
        try violations.throwIfAny()
    }

    func reply(_ sql: any SQLSession) throws -> Reply {
        try paging.reply(
            page: { try AuditRepository(sql).list(filter, page: $0) },
            after: { try AuditRepository(sql).list(filter, after: $0, limit: $1) },
            json: { row in
                [
                    "id": .string(row.id.text), "at": .string(row.at.rfc3339), "tenant_id": JSON(row.tenantID?.text),
                    "actor": .string(row.actor), "action": .string(row.action), "target": .string(row.target),
                    "request_id": .string(row.requestID), "detail": row.detail,
                ]
            })
    }
}
