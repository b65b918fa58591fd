package import Domain

/// What one node counted in one of its windows. The pair names it for ever: a node that cannot tell whether a flush
/// arrived sends the same window again.
package struct UsageWindow: Sendable, Hashable {
    /// A name that no other process run has.
    package let node: String
    /// Counts the node's windows.
    package let sequence: Int

    package init(node: String, sequence: Int) {
        self.node = node
        self.sequence = sequence
    }
}

/// Which part of a tenant's usage a question is about.
package struct UsageFilter: Sendable, Hashable {
    package var from: Timestamp
    /// Not included.
    package var to: Timestamp
    package var workspace: WorkspaceID?
    package var mock: MockID?

    package init(from: Timestamp, to: Timestamp, workspace: WorkspaceID? = nil, mock: MockID? = nil) {
        self.from = from
        self.to = to
        self.workspace = workspace
        self.mock = mock
    }
}

/// Sums over some part of a tenant's usage.
package struct UsageTotals: Sendable, Hashable {
    package var requests = 0
    package var durationMicroseconds = 0
    package var maxDurationMicroseconds = 0
    package var requestBytes = 0
    package var responseBytes = 0

    package init() {}

    package init(
        requests: Int, durationMicroseconds: Int, maxDurationMicroseconds: Int, requestBytes: Int, responseBytes: Int
    ) {
        self.requests = requests
        self.durationMicroseconds = durationMicroseconds
        self.maxDurationMicroseconds = maxDurationMicroseconds
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
    }
}

/// The width of a step of a series, in UTC.
package enum UsageInterval: Sendable, Hashable {
    case minute, hour, day

    package var microseconds: Int {
        switch self {
        case .minute: 60_000_000
        case .hour: 3_600_000_000
        case .day: 86_400_000_000
        }
    }
}

/// What a breakdown has a row for.
package enum UsageGrouping: Sendable, Hashable {
    case workspace, mock, route

    var column: String {
        switch self {
        case .workspace: "workspace_id"
        case .mock: "mock_id"
        case .route: "route_id"
        }
    }
}

/// A tenant's `usage_metrics`.
package struct UsageRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let sums = """
        CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(duration_microseconds) AS BIGINT) AS duration, \
        CAST(MAX(max_duration_microseconds) AS BIGINT) AS longest, \
        CAST(SUM(request_bytes) AS BIGINT) AS request_bytes, CAST(SUM(response_bytes) AS BIGINT) AS response_bytes
        """

    /// Adds a window's counts to those of its minutes.
    ///
    /// - Returns: false when this window was added before; nothing is added then.
    @discardableResult
    package func add(_ records: [UsageRecord], window: UsageWindow, at now: Timestamp) throws -> Bool {
        let isNew = try sql.execute(
            "INSERT INTO usage_windows (node, sequence, recorded_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [.text(window.node), .init(window.sequence), .init(now)])
        guard isNew == 1 else { return false }
        for record in records {
            try sql.execute(
                """
                INSERT INTO usage_metrics (minute, workspace_id, mock_id, route_id, status_class, requests,
                    duration_microseconds, max_duration_microseconds, request_bytes, response_bytes)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                ON CONFLICT (minute, workspace_id, mock_id, route_id, status_class) DO UPDATE SET
                    requests = usage_metrics.requests + excluded.requests,
                    duration_microseconds = usage_metrics.duration_microseconds + excluded.duration_microseconds,
                    max_duration_microseconds = CASE
                        WHEN excluded.max_duration_microseconds > usage_metrics.max_duration_microseconds
                        THEN excluded.max_duration_microseconds ELSE usage_metrics.max_duration_microseconds END,
                    request_bytes = usage_metrics.request_bytes + excluded.request_bytes,
                    response_bytes = usage_metrics.response_bytes + excluded.response_bytes
                """,
                [
                    .init(record.minute), .init(record.workspaceID), .text(record.mockID?.text ?? ""),
                    .text(record.routeID?.text ?? ""), .init(record.statusClass), .init(record.requests),
                    .init(record.durationMicroseconds), .init(record.maxDurationMicroseconds),
                    .init(record.requestBytes), .init(record.responseBytes),
                ])
        }
        return true
    }

    package func totals(_ filter: UsageFilter) throws -> UsageTotals {
        let (condition, parameters) = Self.condition(filter)
        let row = try sql.first("SELECT \(Self.sums) FROM usage_metrics WHERE \(condition)", parameters)
        // Sums over no rows are null.
        guard let row, row["requests"] != .null else { return UsageTotals() }
        return try Self.totals(row)
    }

    /// By status class: 2 for 2xx, and so on.
    package func byStatusClass(_ filter: UsageFilter) throws -> [Int: UsageTotals] {
        let (condition, parameters) = Self.condition(filter)
        var result: [Int: UsageTotals] = [:]
        for row in try sql.query(
            "SELECT status_class, \(Self.sums) FROM usage_metrics WHERE \(condition) GROUP BY status_class", parameters)
        {
            result[try row.integer("status_class")] = try Self.totals(row)
        }
        return result
    }

    /// The steps that have any usage, in order of time.
    package func series(
        _ filter: UsageFilter, by interval: UsageInterval
    ) throws -> [(start: Timestamp, totals: UsageTotals)] {
        let (condition, parameters) = Self.condition(filter)
        let start = "minute - minute % \(interval.microseconds)"
        return try sql.query(
            "SELECT \(start) AS start_at, \(Self.sums) FROM usage_metrics WHERE \(condition) GROUP BY \(start) ORDER BY 1",
            parameters
        ).map { (try $0.timestamp("start_at"), try Self.totals($0)) }
    }

    /// The busiest first, at most `limit`; `id` is nil for what matched nothing.
    package func breakdown(
        _ filter: UsageFilter, by grouping: UsageGrouping, limit: Int
    ) throws -> [(id: String?, totals: UsageTotals)] {
        let (condition, parameters) = Self.condition(filter)
        return try sql.query(
            """
            SELECT \(grouping.column) AS item, \(Self.sums) FROM usage_metrics WHERE \(condition)
            GROUP BY \(grouping.column) ORDER BY 2 DESC, 1 LIMIT $\(parameters.count + 1)
            """, parameters + [.init(limit)]
        ).map { row in
            let id = try row.text("item")
            return (id.isEmpty ? nil : id, try Self.totals(row))
        }
    }

    /// How many different routes answered.
    package func uniqueRoutes(_ filter: UsageFilter) throws -> Int {
        let (condition, parameters) = Self.condition(filter)
        return try sql.first(
            "SELECT COUNT(DISTINCT route_id) AS total FROM usage_metrics WHERE \(condition) AND route_id <> ''",
            parameters)?.integer("total") ?? 0
    }

    /// Forgets usage before `moment`.
    ///
    /// - Returns: how many rows went.
    @discardableResult
    package func delete(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM usage_metrics WHERE minute < $1", [.init(moment)])
    }

    /// Forgets which windows were added before `moment`: longer ago than any node retries.
    @discardableResult
    package func deleteWindows(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM usage_windows WHERE recorded_at < $1", [.init(moment)])
    }

    private static func condition(_ filter: UsageFilter) -> (String, [SQLValue]) {
        var condition = "minute >= $1 AND minute < $2"
        var parameters: [SQLValue] = [.init(filter.from), .init(filter.to)]
        if let workspace = filter.workspace {
            parameters.append(.init(workspace))
            condition += " AND workspace_id = $\(parameters.count)"
        }
        if let mock = filter.mock {
            parameters.append(.init(mock))
            condition += " AND mock_id = $\(parameters.count)"
        }
        return (condition, parameters)
    }

    private static func totals(_ row: SQLRow) throws -> UsageTotals {
        UsageTotals(
            requests: try row.integer("requests"), durationMicroseconds: try row.integer("duration"),
            maxDurationMicroseconds: try row.integer("longest"), requestBytes: try row.integer("request_bytes"),
            responseBytes: try row.integer("response_bytes"))
    }
}
