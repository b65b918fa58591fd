import Domain
import Persistence
import TestSupport
import Testing

/// A tenant with 25 routes and a year of usage, rolled up as the product does it: 18,250 days, 108,000 hours and 100,800 minutes.
@Suite struct `A year of usage` {
    private let acme = TenantID("acme000001")!
    private let now = Timestamp(seconds: 1_800_057_600 - 1_800_057_600 % 86_400)

    /// `count` steps back from now for each of `routes` routes and two status classes, a request each.
    private func fill(_ sql: any SQLSession, grain: Int, interval: UsageInterval, count: Int, routes: Int = 25) throws {
        let steps = """
            WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < \(count)),
            route(r) AS (SELECT 0 UNION ALL SELECT r + 1 FROM route WHERE r < \(routes - 1))
            """
        let sums = "requests, duration_microseconds, max_duration_microseconds, request_bytes, response_bytes, d05"
        let start = "\(now.microseconds) - n * \(interval.microseconds)"
        try sql.execute(
            """
            INSERT INTO usage_metrics (grain, start_at, workspace_id, mock_id, route_id, status_class, \(sums))
            \(steps)
            SELECT \(grain), \(start), 'ws_000000000000000' || (r % 2), 'mock_000000000000000' || (r % 5),
                'route_' || substr('000000000000000' || r, -16), status.column1, 1, 80, 80, 10, 1000, 1
            FROM step, route, (VALUES (2), (4)) AS status
            """, [])
        guard interval != .minute else { return }
        try sql.execute(
            """
            INSERT INTO usage_summaries (grain, start_at, workspace_id, status_class, \(sums))
            SELECT grain, start_at, workspace_id, status_class, SUM(requests), SUM(duration_microseconds), 80,
                SUM(request_bytes), SUM(response_bytes), SUM(d05)
            FROM usage_metrics WHERE grain = \(grain) GROUP BY grain, start_at, workspace_id, status_class
            """, [])
    }

    /// Prints what each part of a report takes; how long that is depends on the machine, so only the answers are checked.
    @Test func `every part of a report is read from few rows`() async throws {
        let folder = TemporaryFolder()
        let database = try SQLiteDatabase(folder: folder.path)
        try await database.createSchema(acme)
        try await database.write(.tenant(acme)) { sql in
            try fill(sql, grain: 3, interval: .day, count: 365)
            try fill(sql, grain: 2, interval: .hour, count: 90 * 24)
            try fill(sql, grain: 1, interval: .minute, count: 7 * 1440, routes: 5)
            try sql.execute(
                """
                INSERT INTO usage_metrics (grain, start_at, workspace_id, mock_id, route_id, status_class, requests,
                    duration_microseconds, max_duration_microseconds, request_bytes, response_bytes, d05)
                SELECT 4, start_at - start_at % \(UsageInterval.block.microseconds), workspace_id, mock_id, route_id,
                    status_class, SUM(requests), SUM(duration_microseconds), 80, SUM(request_bytes), SUM(response_bytes),
                    SUM(d05)
                FROM usage_metrics WHERE grain = 3
                GROUP BY start_at - start_at % \(UsageInterval.block.microseconds), workspace_id, mock_id, route_id, status_class
                """, [])
            try sql.execute(
                """
                INSERT INTO usage_summaries (grain, start_at, workspace_id, status_class, requests,
                    duration_microseconds, max_duration_microseconds, request_bytes, response_bytes, d05)
                SELECT 4, start_at, workspace_id, status_class, SUM(requests), SUM(duration_microseconds), 80,
                    SUM(request_bytes), SUM(response_bytes), SUM(d05)
                FROM usage_metrics WHERE grain = 4 GROUP BY start_at, workspace_id, status_class
                """, [])
        }
        let filter = UsageFilter(from: now - .seconds(365 * 86_400), to: now)
        try await database.read(.tenant(acme)) { sql in
            let usage = UsageRepository(sql)
            let clock = ContinuousClock()
            func time<Answer>(_ name: String, _ body: () throws -> Answer) throws -> Answer {
                let start = clock.now
                let answer = try body()
                print("a year of usage, \(name): \(clock.now - start)")
                return answer
            }
            let totals = try time("totals by workspace and status") {
                try usage.groups(filter, by: [.workspace, .status])
            }
            #expect(totals.values.reduce(0) { $0 + $1.requests } == 365 * 50)
            let series = try time("series by day") { try usage.groups(filter, by: [.time(.day)], durations: false) }
            #expect(series.count == 365)
            #expect(try time("unique routes") { try usage.uniqueRoutes(filter) } == 25)
            let routes = try time("by route") { try usage.groups(filter, by: [.route]) }
            #expect(routes.values.allSatisfy { $0.requests == 730 })
        }
        try await database.close()
    }
}
