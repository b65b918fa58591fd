import Domain
import HTTPTypes
import JSON
import Persistence

/// `/usage` for a tenant, `/tenants/{tenant_id}/usage` for the operator.
enum UsageRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/usage", query: UsagePeriod.parameterNames, openToSuspended: true, .tenant(.read, ofCaller)),
        Endpoint(.get, "/tenants/{tenant_id}/usage", query: UsagePeriod.parameterNames, .admin(ofTenant)),
    ]

    private static func ofCaller(_ context: TenantContext) async throws -> Reply {
        try await report(of: context.tenant, context)
    }

    private static func ofTenant(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        let tenant = try await context.read { sql in try TenantRoutes.find(id, sql) }
        return try await report(of: tenant, context)
    }

    private static func report(of tenant: TenantRecord, _ context: any CallerContext) async throws -> Reply {
        let platform = context.platform
        let violations = context.request.query.violations()
        let now = platform.surroundings.now()
        let period = UsagePeriod(context.request.query, now: now, violations)
        try violations.throwIfAny()
        try await platform.flushUsage(tenant.id)
        let objects = try await platform.objects.list(prefix: "", tenant: tenant.id).reduce(0) { $0 + $1.size }
        let storedBytes = try await platform.database.size(of: tenant.id) + objects
        let entitlements = platform.plans.entitlements(of: tenant)
        return try await platform.database.read(.tenant(tenant.id)) { sql in
            let usage = UsageRepository(sql)
            let filter = UsageFilter(from: period.from, to: period.end)
            let totals = try usage.totals(filter)
            let lastMinute = try usage.totals(UsageFilter(from: now.startOfMinute, to: now.endOfMinute))
            let used: [QuotaKey: Int] = [
                .maxWorkspaces: try WorkspaceRepository(sql).count(), .maxMocks: try MockRepository(sql).count(),
                .maxRequestsPerMinute: lastMinute.requests, .maxStorageMB: (storedBytes + (1 << 20) - 1) >> 20,
            ]
            return .object([
                "tenant_id": .string(tenant.id.text),
                "period": ["from": .string(period.from.rfc3339), "to": .string(period.to.rfc3339)],
                "total_requests": JSON(totals.requests),
                "avg_duration_ms": JSON(
                    totals.requests == 0 ? 0 : Double(totals.durationMicroseconds) / Double(totals.requests) / 1000),
                "max_duration_ms": JSON(Double(totals.maxDurationMicroseconds) / 1000),
                "unique_endpoints": JSON(try usage.uniqueRoutes(filter)),
                "by_status": .object(
                    JSONObject(
                        try usage.byStatusClass(filter).sorted { $0.key < $1.key }.map {
                            ("\($0.key)xx", JSON($0.value.requests))
                        })),
                "request_bytes": JSON(totals.requestBytes), "response_bytes": JSON(totals.responseBytes),
                "series": .array(
                    try usage.series(filter, by: period.interval).map {
                        ["at": .string($0.start.rfc3339), "requests": JSON($0.totals.requests)]
                    }),
                "quotas": .object(
                    JSONObject(
                        used.sorted { $0.key.rawValue < $1.key.rawValue }.map { key, count in
                            (key.rawValue, ["limit": JSON(entitlements.limit(key).wireValue), "used": JSON(count)])
                        })),
            ])
        }
    }
}

/// The stretch of time that a usage report covers.
struct UsagePeriod: Sendable {
    static let parameterNames = ["period", "from", "to"]
    /// Longest stretch that one report covers.
    private static let longest = Duration.seconds(400 * 86_400)

    private enum Name: String, CaseIterable {
        case day, week, month
    }

    let from: Timestamp
    let to: Timestamp
    /// The end of the last minute that counts.
    let end: Timestamp

    /// `period` ends now; the default is a month of 30 days. `from` and `to` take its place.
    init(_ query: QueryParameters, now: Timestamp, _ violations: Violations) {
        let name = query.choice("period", Name.self, violations)
        let from = query.timestamp("from", violations)
        let to = query.timestamp("to", violations)
        if name != nil, from != nil || to != nil {
            query.refuse("period", "conflicting_parameter", "cannot be given together with from or to", violations)
        }
        let days =
            switch name {
            case .day: 1
            case .week: 7
            case .month, nil: 30
            }
        self.to = to ?? now
        // What is counted in the running minute belongs to a report that ends now; a minute that begins at "to" does not.
        end = to.map { ($0 + .microseconds(-1)).endOfMinute } ?? now.endOfMinute
        // Usage is kept by the minute, so a report begins with a whole one.
        self.from = (from ?? self.to - .seconds(days * 86_400)).startOfMinute
        if self.from >= self.to {
            query.refuse("from", "out_of_range", "must be before \"to\"", violations)
        } else if self.to - self.from > Self.longest {
            query.refuse("from", "out_of_range", "must be at most 400 days before \"to\"", violations)
        }
    }

    /// The width of a point of the series: minutes up to two hours, hours up to a week, else days.
    var interval: UsageInterval {
        let length = to - from
        return length <= .seconds(7260) ? .minute : length <= .seconds(7 * 86_400 + 60) ? .hour : .day
    }
}

extension Timestamp {
    var startOfMinute: Timestamp { Timestamp(microseconds: microseconds - microseconds % 60_000_000) }

    /// The start of the next minute.
    var endOfMinute: Timestamp { startOfMinute + .seconds(60) }
}
