import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

struct UsageTests {
    private func customer() async throws -> Customer {
        let customer = try await Customer(try Installation())
        let (now, workspace) = (customer.installation.clock.now, customer.workspace)
        let mock = MockID("mock_0000000000000001")
        func record(_ route: String?, _ statusClass: Int, ago: Int, requests: Int) -> UsageRecord {
            UsageRecord(
                minute: UsageInterval.minute.start(of: now + .seconds(-ago)), workspaceID: workspace, mockID: mock,
                routeID: route.flatMap { RouteID($0) }, statusClass: statusClass, requests: requests,
                durationMicroseconds: 2000 * requests, maxDurationMicroseconds: 9000, requestBytes: 10,
                responseBytes: 20)
        }
        let records = [
            record("route_0000000000000001", 2, ago: 0, requests: 3),
            record("route_0000000000000002", 2, ago: 3600, requests: 4), record(nil, 4, ago: 7200, requests: 1),
            record("route_0000000000000003", 2, ago: 3 * 86_400, requests: 100),
        ]
        try await customer.installation.database.write(.tenant(customer.tenant)) { sql in
            _ = try UsageRepository(sql).add(records, window: UsageWindow(node: "n", sequence: 1), at: now)
        }
        return customer
    }

    @Test func `a report sums the period, the running minute included`() async throws {
        let customer = try await customer()
        let report = try await customer.send(.get, "/usage?period=day").json
        #expect(report["tenant_id"] == .string(customer.tenant.text))
        #expect(report["total_requests"] == 8)
        #expect(report["avg_duration_ms"]?.number?.double == 2)
        #expect(report["max_duration_ms"]?.number?.double == 9)
        #expect(report["unique_endpoints"] == 2)
        #expect(report["by_status"] == ["2xx": 7, "4xx": 1])
        #expect(report["series"]?.array?.compactMap { $0["requests"]?.integer } == [1, 4, 3])
        #expect(try await customer.send(.get, "/usage").json["total_requests"] == 108)
    }

    @Test(arguments: ["route", "route,status", "mock,route", "workspace", "day,route"])
    func `the different routes are counted the same whatever the report is broken down by`(names: String) async throws {
        let customer = try await customer()
        for (period, count) in [("day", 2), ("week", 3)] {
            let report = try await customer.send(.get, "/usage?period=\(period)&group_by=\(names)").json
            #expect(report["unique_endpoints"] == JSON(count))
        }
    }

    @Test func `quotas tell the limit and what is used`() async throws {
        let customer = try await customer()
        _ = try await customer.makeMock()
        let quotas = try await customer.send(.get, "/usage").json["quotas"]
        #expect(quotas?["max_workspaces"] == ["limit": 100, "used": 1, "left": 99])
        #expect(quotas?["max_mocks"] == ["limit": 1000, "used": 1, "left": 999])
        #expect(quotas?["max_requests_per_minute"] == ["limit": 10000, "used": 3, "left": 9997])
        #expect(quotas?["max_storage_mb"]?["limit"] == 5000)
    }

    @Test func `what this node counted is written down before the report is made`() async throws {
        let customer = try await customer()
        _ = try await customer.send(.get, "/usage")
        #expect(customer.installation.flushes.tenants == [customer.tenant])
    }

    @Test func `the administrator sees the same report`() async throws {
        let customer = try await customer()
        let byAdmin = try await customer.installation.send(.get, "/v1/tenants/\(customer.tenant)/usage?period=week")
        #expect(byAdmin.status == 200)
        #expect(byAdmin.text == (try await customer.send(.get, "/usage?period=week")).text)
        #expect(try await customer.installation.send(.get, "/v1/tenants/a000000000/usage").status == 404)
    }

    @Test func `a stretch of time can be given`() async throws {
        let customer = try await customer()
        let (from, to) = ("2027-01-15T05:30:00Z", "2027-01-15T06:30:00Z")
        let report = try await customer.send(.get, "/usage?from=\(from)&to=\(to)").json
        #expect(report["period"] == ["from": .string(from), "to": .string(to)])
        #expect(report["total_requests"] == 1)
    }

    @Test func `a minute that begins at the end of the stretch is not in it`() async throws {
        let customer = try await customer()
        let path = "/usage?from=2027-01-15T05:30:00Z&to=2027-01-15T06:00:00Z"
        #expect(try await customer.send(.get, path).json["total_requests"] == 0)
    }

    @Test(arguments: [
        "period=year", "period=day&from=2027-01-01T00:00:00Z", "from=2027-02-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z", "from=soon",
    ])
    func `a period that makes no sense is refused`(query: String) async throws {
        let customer = try await customer()
        #expect(try await customer.send(.get, "/usage?\(query)").status == 422)
    }

    @Test(arguments: [
        ("workspace", 1), ("mock", 1), ("route", 4), ("status", 2), ("day", 2), ("hour", 4), ("route,status", 4),
        ("workspace,day", 2),
    ])
    func `groups add up to the totals, for the tenant and for the operator`(names: String, count: Int) async throws {
        let customer = try await customer()
        let report = try await customer.send(.get, "/usage?group_by=\(names)").json
        let groups = try #require(report["groups"]?.array)
        #expect(groups.count == count)
        #expect(report["groups_total"]?.integer == count)
        #expect(groups.compactMap { $0["requests"]?.integer }.reduce(0, +) == 108)
        for measure in ["request_bytes", "response_bytes"] {
            #expect(groups.compactMap { $0[measure]?.integer }.reduce(0, +) == report[measure]?.integer)
        }
        let path = "/v1/tenants/\(customer.tenant)/usage?group_by=\(names)"
        #expect(try await customer.installation.send(.get, path).json["groups"] == report["groups"])
    }

    @Test(arguments: [1, 2, 3, 4, 100])
    func `rows in the order of time are the oldest, whatever the limit, and all are counted`(limit: Int) async throws {
        let customer = try await customer()
        let whole = try await customer.send(.get, "/usage?group_by=day,route&limit=10000").json
        let rows = try #require(whole["groups"]?.array)
        #expect(rows.count == 4)
        let part = try await customer.send(.get, "/usage?group_by=day,route&limit=\(limit)").json
        #expect(part["groups"] == .array(Array(rows.prefix(limit))))
        #expect(part["groups_total"] == 4)
    }

    @Test func `a breakdown by status tells each class apart`() async throws {
        let groups = try await customer().send(.get, "/usage?group_by=status").json["groups"]?.array ?? []
        let requests = Dictionary(groups.map { ($0["status"]?.string, $0["requests"]?.integer) }) { first, _ in first }
        #expect(requests == ["2xx": 107, "4xx": 1])
    }

    @Test(arguments: ["workspace", "mock", "route", "status", "day", "hour"])
    func `a breakdown as CSV has a line of names and the same requests`(name: String) async throws {
        let answer = try await customer().send(.get, "/usage?group_by=\(name)&format=csv")
        #expect(answer.headers[.contentType] == "text/csv; charset=utf-8")
        let lines = answer.text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let column = try #require(lines.first?.firstIndex(of: "requests"))
        #expect(lines.allSatisfy { $0.count == lines[0].count })
        #expect(lines.dropFirst().compactMap { Int($0[column]) }.reduce(0, +) == 108)
    }

    @Test(arguments: ["planet", "route,planet", "day,hour", "hour,route"])
    func `a breakdown that makes no sense is refused by its name`(names: String) async throws {
        let customer = try await customer()
        for answer in [
            try await customer.send(.get, "/usage?group_by=\(names)"),
            try await customer.installation.send(.get, "/v1/tenants/\(customer.tenant)/usage?group_by=\(names)"),
        ] {
            #expect(answer.status == 422)
            #expect(answer.pointers == ["query:group_by"])
        }
    }

    @Test func `usage that other nodes left is rolled up, of ten tenants at a time`() async throws {
        let left = try await LeftUsage(tenants: 12)
        try await left.reconciler.reconcile()
        #expect(try await left.fresh() == 2)
        try await left.reconciler.reconcile()
        #expect(try await left.fresh() == 0)
    }

    @Test func `a sweep that had to wait catches up`() async throws {
        let left = try await LeftUsage(tenants: 36)
        try await left.reconciler.reconcile()
        left.installation.clock.advance(.seconds(5 * 3600))
        try await left.reconciler.reconcile()
        #expect(try await left.fresh() == 6)
    }
}

/// Tenants with a minute of usage each that no node of today has written.
private struct LeftUsage {
    let installation: Installation
    let reconciler: UsageReconciler
    private let tenants: [TenantID]

    init(tenants count: Int) async throws {
        installation = try Installation()
        reconciler = UsageReconciler(
            platform: installation.platform, takeWritten: { [] }, pace: BackgroundPace(pausing: 0))
        let minute = UsageInterval.minute.start(of: installation.clock.now + .seconds(-3600))
        var tenants: [TenantID] = []
        for number in 0..<count {
            let customer = try await Customer(installation, "left-\(number)")
            tenants.append(customer.tenant)
            let record = UsageRecord(
                minute: minute, workspaceID: customer.workspace, mockID: nil, routeID: nil, statusClass: 2, requests: 1,
                durationMicroseconds: 1, maxDurationMicroseconds: 1, requestBytes: 1, responseBytes: 1)
            try await installation.database.write(.tenant(customer.tenant)) { sql in
                _ = try UsageRepository(sql).add(
                    [record], window: UsageWindow(node: "gone", sequence: 1), at: minute)
            }
        }
        self.tenants = tenants
    }

    /// Minutes that are not rolled up.
    func fresh() async throws -> Int {
        var count = 0
        for tenant in tenants {
            count += try await installation.database.read(.tenant(tenant)) { sql in
                try sql.first("SELECT COUNT(*) AS number FROM usage_metrics WHERE grain = 0", [])?
                    .integer("number") ?? 0
            }
        }
        return count
    }
}
