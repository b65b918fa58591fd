import Domain
import JSON
import Persistence

/// What a tenant used in a stretch of time, against its limits.
struct UsageReport: Sendable {
    /// One line of a breakdown.
    struct Row: Sendable {
        let group: UsageGroup
        /// What the tenant calls the thing now; nil when it is gone, or not among the first hundred rows.
        let name: String?
        let totals: UsageTotals
    }

    /// A counted quota.
    struct Quota: Sendable {
        let limit: QuotaLimit
        let used: Int
    }

    private static let namedRows = 100

    let tenant: TenantID
    /// What was asked for, widened where only hours or days are left.
    let from: Timestamp
    let to: Timestamp
    let totals: UsageTotals
    /// Requests that were answered before their workspace was known; part of the totals.
    let refused: Int
    let uniqueRoutes: Int
    let byStatus: [Int: UsageTotals]
    let series: [(start: Timestamp, totals: UsageTotals)]
    let names: [UsageBreakdown.Name]
    let rows: [Row]
    /// Rows that there are, shown or not.
    let rowCount: Int
    let quotas: [QuotaKey: Quota]
    let databaseBytes: Int
    let objectBytes: Int

    static func make(
        of tenant: TenantRecord, _ period: UsagePeriod, _ breakdown: UsageBreakdown, _ platform: Platform
    ) async throws -> UsageReport {
        try await platform.flushUsage(tenant.id)
        async let objects = platform.objects.list(prefix: "", tenant: tenant.id)
        async let database = platform.database.size(of: tenant.id)
        let now = platform.surroundings.now()
        let (objectBytes, databaseBytes) = try await (objects.reduce(0) { $0 + $1.size }, database)
        let entitlements = platform.plans.entitlements(of: tenant)
        return try await platform.database.read(.tenant(tenant.id)) { sql in
            let usage = UsageRepository(sql)
            let filter = breakdown.filter(period.from, period.end)
            let span = try usage.span(filter)
            let parts = try usage.groups(filter, by: [.workspace, .status])
            var byStatus: [Int: UsageTotals] = [:]
            var (totals, refused) = (UsageTotals(), 0)
            for (group, part) in parts {
                totals.add(part)
                byStatus[group.statusClass ?? 0, default: UsageTotals()].add(part)
                if group.workspaceID?.isEmpty == true { refused += part.requests }
            }
            let series = try usage.groups(filter, by: [.time(period.interval)], durations: false)
            let (groups, rowCount) = try Self.groups(breakdown, filter, usage)
            let rows = try Self.rows(groups, breakdown, filter, sql)
            let lastMinute = try usage.totals(
                UsageFilter(
                    from: UsageInterval.minute.start(of: now), to: UsageInterval.minute.end(of: now + .seconds(1))))
            let used: [QuotaKey: Int] = [
                .maxWorkspaces: try WorkspaceRepository(sql).count(), .maxMocks: try MockRepository(sql).count(),
                .maxUsers: try MemberRepository(sql).count(),
                .maxRequestsPerMinute: lastMinute.requests,
                .maxStorageMB: (databaseBytes + objectBytes + (1 << 20) - 1) >> 20,
            ]
            return UsageReport(
                tenant: tenant.id, from: span.from == filter.from ? period.from : span.from,
                to: span.to == filter.to ? period.to : span.to, totals: totals, refused: refused,
                uniqueRoutes: try Self.uniqueRoutes(among: groups, breakdown) ?? usage.uniqueRoutes(filter),
                byStatus: byStatus,
                series: series.compactMap { group, totals in group.start.map { ($0, totals) } }
                    .sorted { $0.start < $1.start },
                names: breakdown.names, rows: rows, rowCount: rowCount,
                quotas: Dictionary(
                    uniqueKeysWithValues: used.map { ($0, Quota(limit: entitlements.limit($0), used: $1)) }),
                databaseBytes: databaseBytes, objectBytes: objectBytes)
        }
    }

    /// In the order of time where there is one, and the busiest first.
    private static func rows(
        _ groups: [UsageGroup: UsageTotals], _ breakdown: UsageBreakdown, _ filter: UsageFilter, _ sql: any SQLSession
    ) throws -> [Row] {
        let sorted = groups.sorted { left, right in
            if left.key.start != right.key.start {
                return (left.key.start ?? filter.to) < (right.key.start ?? filter.to)
            }
            if left.value.requests != right.value.requests { return left.value.requests > right.value.requests }
            return left.key.order < right.key.order
        }
        let shown = sorted.prefix(breakdown.limit)
        let names = try names(of: shown.prefix(namedRows).map(\.key), sql)
        return shown.map { Row(group: $0, name: $0.narrowestID.flatMap { names[$0] }, totals: $1) }
    }

    /// Counted without asking again, where the groups are all there are and tell routes apart; nil elsewhere.
    private static func uniqueRoutes(among groups: [UsageGroup: UsageTotals], _ breakdown: UsageBreakdown) -> Int? {
        guard breakdown.interval == nil, breakdown.dimensions.contains(.route) else { return nil }
        return Set(groups.keys.compactMap(\.routeID)).subtracting([""]).count
    }

    /// The groups that have to be looked at, and how many there are. Rows in the order of time begin with the oldest, so the
    /// sums of a year are not made for what is not shown.
    private static func groups(
        _ breakdown: UsageBreakdown, _ filter: UsageFilter, _ usage: UsageRepository
    ) throws -> ([UsageGroup: UsageTotals], Int) {
        guard !breakdown.names.isEmpty else { return ([:], 0) }
        let dimensions = breakdown.dimensions
        guard let interval = breakdown.interval else {
            let groups = try usage.groups(filter, by: dimensions)
            return (groups, groups.count)
        }
        let count = try usage.groupCount(filter, by: dimensions)
        let start = interval.start(of: filter.from)
        var width = (filter.to.microseconds - start.microseconds) / interval.microseconds
        width = width * Int64(breakdown.limit) / Int64(max(count, 1)) + 1
        while true {
            var part = filter
            part.to = min(filter.to, Timestamp(microseconds: start.microseconds + width * interval.microseconds))
            let groups = try usage.groups(part, by: dimensions)
            if groups.count >= breakdown.limit || part.to == filter.to { return (groups, count) }
            width *= 4
        }
    }

    /// What the tenant calls what the groups are about, by id. One question for each kind, since each is a round trip to the
    /// database.
    private static func names(of groups: [UsageGroup], _ sql: any SQLSession) throws -> [String: String] {
        let ids = groups.compactMap(\.narrowestID)
        var names: [String: String] = [:]
        for route in try RouteRepository(sql).find(Set(ids.compactMap { RouteID($0) })) {
            names[route.id.text] = "\(method(route.definition["method"])) \(route.definition["path"]?.string ?? "")"
        }
        for mock in try MockRepository(sql).find(Set(ids.compactMap { MockID($0) })) { names[mock.id.text] = mock.name }
        for workspace in try WorkspaceRepository(sql).find(Set(ids.compactMap { WorkspaceID($0) })) {
            names[workspace.id.text] = workspace.name
        }
        return names
    }

    private static func method(_ json: JSON?) -> String {
        json?.string ?? json?.array?.compactMap(\.string).joined(separator: ",") ?? "ANY"
    }
}

extension UsageGroup {
    /// Of the route, mock or workspace that the group is about; the ids of what did not match are empty.
    fileprivate var narrowestID: String? {
        [routeID, mockID, workspaceID].lazy.compactMap { $0 }.first { !$0.isEmpty }
    }

    /// Tells two groups with as many requests apart, so that an answer is the same every time.
    fileprivate var order: String {
        "\(workspaceID ?? "") \(mockID ?? "") \(routeID ?? "") \(statusClass ?? 0)"
    }
}
