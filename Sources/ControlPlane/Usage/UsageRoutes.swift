import Domain
import HTTPTypes
import JSON
import Persistence

/// `/usage` for a tenant, `/tenants/{tenant_id}/usage` for the operator.
enum UsageRoutes {
    private static let parameterNames = UsagePeriod.parameterNames + UsageBreakdown.parameterNames + ["format"]

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/usage", query: parameterNames, openToSuspended: true, .tenant(.read, ofCaller)),
        Endpoint(.get, "/tenants/{tenant_id}/usage", query: parameterNames, .admin(ofTenant)),
    ]

    private enum Format: String, CaseIterable {
        case json, csv
    }

    private static func ofCaller(_ context: TenantContext) async throws -> Reply {
        try await report(of: context.tenant, context)
    }

    private static func ofTenant(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        let tenant = try await context.read { sql in try TenantRoutes.find(id, sql) }
        return try await report(of: tenant, context)
    }

    private static func report(of tenant: TenantRecord, _ context: any CallerContext) async throws -> Reply {
        let query = context.request.query
        let violations = query.violations()
        let now = context.platform.surroundings.now()
        let period = UsagePeriod(query, now: now, violations)
        let breakdown = UsageBreakdown(query, violations)
        breakdown.check(period, query, violations)
        let format = query.choice("format", Format.self, violations)
        try violations.throwIfAny()
        let report = try await UsageReport.make(of: tenant, period, breakdown, context.platform)
        let asksForCSV = (context.request.headers[.accept] ?? "").lowercased().hasPrefix("text/csv")
        guard format ?? (asksForCSV ? .csv : .json) == .csv else { return .object(report.json) }
        return Reply(
            headers: [
                ("Content-Disposition", "attachment; filename=\"usage-\(tenant.id).csv\""), ("Vary", "Accept"),
            ],
            body: .bytes(report.csv, mediaType: "text/csv; charset=utf-8"))
    }
}
