import Domain
import Persistence
import TestSupport
import Testing

/// The usage tables against every driver.
@Suite struct `Usage contract` {
    private let acme = TenantID("acme000001")!
    /// A Friday's midnight.
    private let midnight = Timestamp(seconds: 1_800_057_600 - 1_800_057_600 % 86_400)
    private let places: [(workspace: WorkspaceID?, mock: MockID?, route: RouteID?)]
    private let random: Surroundings

    init() {
        random = TestSurroundings().surroundings
        var places: [(workspace: WorkspaceID?, mock: MockID?, route: RouteID?)] = [(nil, nil, nil)]
        for _ in 0..<2 {
            let workspace = WorkspaceID(from: random)
            places.append((workspace, nil, nil))
            for _ in 0..<2 { places.append((workspace, MockID(from: random), RouteID(from: random))) }
        }
        self.places = places
    }

    private func record(at moment: Timestamp, place: Int, status: Int = 2, requests: Int = 1) -> UsageRecord {
        var durations = DurationHistogram()
        durations.add(10 * requests, times: requests)
        return UsageRecord(
            minute: UsageInterval.minute.start(of: moment), workspaceID: places[place].workspace,
            mockID: places[place].mock, routeID: places[place].route, statusClass: status, requests: requests,
            durationMicroseconds: requests * requests * 10, maxDurationMicroseconds: requests * 10,
            requestBytes: requests * 2, responseBytes: requests * 3, durations: durations)
    }

    private func tenantSchema(
        _ driver: DatabaseDriver, _ body: @escaping @Sendable (any Database, DatabaseScope) async throws -> Void
    ) async throws {
        let database = try driver.makeStore().open()
        try await database.createSchema(acme)
        try await body(database, .tenant(acme))
        try await database.close()
    }

    private func all(_ from: Timestamp? = nil, _ to: Timestamp? = nil) -> UsageFilter {
        UsageFilter(from: from ?? midnight - .seconds(900 * 86_400), to: to ?? midnight + .seconds(900 * 86_400))
    }

    /// A year of random usage.
    private func records(count: Int) -> [UsageRecord] {
        var generator = random.generator
        var rows: [String: UsageRecord] = [:]
        for _ in 0..<count {
            let age = [3600, 86_400, 10 * 86_400, 100 * 86_400, 390 * 86_400].randomElement(using: &generator)!
            let record = record(
                at: midnight - .seconds(Int64.random(in: 0...Int64(age), using: &generator)),
                place: Int.random(in: 0..<places.count, using: &generator),
                status: Int.random(in: 2...5, using: &generator), requests: Int.random(in: 1...50, using: &generator))
            rows[
                "\(record.minute.seconds) \(record.routeID?.text ?? "") \(record.workspaceID?.text ?? "") \(record.statusClass)"
            ] =
                record
        }
        return Array(rows.values)
    }

    @Test(arguments: DatabaseDriver.all)
    func `rolling up and forgetting minutes and hours changes no total`(driver: DatabaseDriver) async throws {
        let (records, midnight, all) = (records(count: 400), midnight, all())
        let retention = UsageRetention(minutes: 2, hours: 30, days: 395)
        let dimensions: [[UsageDimension]] = [
            [], [.workspace], [.mock], [.route], [.status], [.time(.day)], [.route, .status],
            [.workspace, .time(.day)], [.route, .time(.day)], [.status, .route, .time(.day)],
        ]
        // Steps that are forgotten: only the number of groups is compared.
        let finer: [[UsageDimension]] = [[.mock, .status, .time(.hour)], [.route, .time(.hour)], [.time(.minute)]]
        try await tenantSchema(driver) { database, scope in
            func sums() async throws -> [[UsageGroup: UsageTotals]] {
                try await database.read(scope) { sql in
                    let usage = UsageRepository(sql)
                    for dimensions in finer {
                        let groups = try usage.groups(all, by: dimensions)
                        #expect(try usage.groupCount(all, by: dimensions) == groups.count)
                    }
                    return try dimensions.map { dimensions in
                        let groups = try usage.groups(all, by: dimensions)
                        if !dimensions.isEmpty {
                            #expect(try usage.groupCount(all, by: dimensions) == groups.count)
                        }
                        return groups
                    }
                }
            }
            func unique() async throws -> Int {
                try await database.read(scope) { try UsageRepository($0).uniqueRoutes(all) }
            }
            // In pieces, so that later windows meet hours and days that are there already.
            for (number, start) in stride(from: 0, to: records.count, by: 37).enumerated() {
                let piece = Array(records[start..<min(start + 37, records.count)])
                _ = try await database.write(scope) { sql in
                    try UsageRepository(sql).add(
                        piece, window: UsageWindow(node: "n", sequence: number), at: midnight)
                }
                let (before, routes) = (try await sums(), try await unique())
                // Half of the time only once, which leaves fresh minutes behind.
                while try await database.write(
                    scope,
                    {
                        try UsageRepository($0).rollUp(before: midnight, keeping: retention)
                    }), number % 2 == 0
                {}
                #expect(try await sums() == before)
                #expect(try await unique() == routes)
            }
            let total = try await sums()[0].values.first
            #expect(total?.requests == records.reduce(0) { $0 + $1.requests })
            #expect(total?.durations.total == total?.requests)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `windows and roll-ups at the same time lose nothing`(driver: DatabaseDriver) async throws {
        let (midnight, all) = (midnight, all())
        let minutes = (0..<40).map { record(at: midnight - .seconds(Int64($0) * 60), place: $0 % places.count) }
        try await tenantSchema(driver) { database, scope in
            try await withThrowingTaskGroup { group in
                for node in 0..<3 {
                    group.addTask {
                        for (number, record) in minutes.enumerated() {
                            _ = try await database.write(scope) { sql in
                                try UsageRepository(sql).add(
                                    [record], window: UsageWindow(node: "n\(node)", sequence: number), at: midnight)
                            }
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<20 {
                            _ = try await database.write(scope) {
                                try UsageRepository($0).rollUp(before: midnight + .seconds(60), keeping: .init())
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let total = try await database.read(scope) { try UsageRepository($0).totals(all) }
            #expect(total.requests == 120)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a stretch that cuts forgotten minutes is widened to the hour, and forgotten hours to the day`(
        driver: DatabaseDriver
    ) async throws {
        let (midnight, day) = (midnight, Int64(86_400))
        let moments = [
            midnight - .seconds(1800), midnight - .seconds(5 * day + 1800), midnight - .seconds(50 * day + 1800),
        ]
        let records = moments.map { record(at: $0, place: 1) }
        try await tenantSchema(driver) { database, scope in
            try await database.write(scope) { sql in
                let usage = UsageRepository(sql)
                try usage.add(records, window: UsageWindow(node: "n", sequence: 1), at: midnight)
                while try usage.rollUp(before: midnight, keeping: UsageRetention(minutes: 1, hours: 30)) {}
                func span(_ from: Timestamp, _ to: Timestamp) throws -> [Duration] {
                    let span = try usage.span(UsageFilter(from: from, to: to))
                    return [midnight - span.from, midnight - span.to]
                }
                let width = Duration.seconds(120)
                #expect(try span(moments[0], moments[0] + width) == [.seconds(1800), .seconds(1680)])
                #expect(
                    try span(moments[1], moments[1] + width)
                        == [.seconds(5 * day + 3600), .seconds(5 * day)])
                #expect(try span(moments[2], moments[2] + width) == [.seconds(51 * day), .seconds(50 * day)])
                for moment in moments {
                    let filter = UsageFilter(from: moment + .seconds(60), to: moment + width)
                    #expect(try usage.totals(filter).requests == (moment == moments[0] ? 0 : 1))
                }
            }
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `days are forgotten in the end`(driver: DatabaseDriver) async throws {
        let (midnight, all) = (midnight, all())
        let records = [1, 399, 401].map { record(at: midnight - .seconds($0 * 86_400), place: 1) }
        try await tenantSchema(driver) { database, scope in
            try await database.write(scope) { sql in
                let usage = UsageRepository(sql)
                try usage.add(records, window: UsageWindow(node: "n", sequence: 1), at: midnight)
                while try usage.rollUp(before: midnight, keeping: UsageRetention()) {}
                #expect(try usage.totals(all).requests == 2)
            }
        }
    }
}
