import Domain
import Logging
import Persistence
import Testing

@testable import Metering

@Suite struct UsageMeterTests {
    private let tenant = TenantID("abcdefghij")!
    private let workspace = WorkspaceID("ws_0000000000000000")!
    private let route = RouteID("route_0000000000000000")!
    private let mock = MockID("mock_0000000000000000")!
    private let ledger = FakeLedger()
    private let meter: UsageMeter

    init() {
        let ledger = ledger
        meter = UsageMeter(
            ledger: { _, records, window in try ledger.add(records, window) }, surroundings: .system,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func event(
        _ second: Int64 = 0, status: Int = 200, duration: Int = 10, isMatched: Bool = true
    ) -> UsageEvent {
        UsageEvent(
            at: Timestamp(seconds: 1_700_000_040 + second), workspaceID: workspace, mockID: isMatched ? mock : nil,
            routeID: isMatched ? route : nil, status: status, durationMicroseconds: duration, requestBytes: 3,
            responseBytes: 5)
    }

    @Test func `a flush writes the sums of a minute as one row`() async throws {
        let usage = meter.usage(of: tenant)
        usage.count(event(0, duration: 10))
        usage.count(event(59, duration: 30))
        try await meter.flush(tenant)
        var histogram = DurationHistogram()
        for duration in [10, 30] { histogram.add(duration) }
        #expect(
            ledger.records == [
                UsageRecord(
                    minute: Timestamp(seconds: 1_700_000_040), workspaceID: workspace, mockID: mock, routeID: route,
                    statusClass: 2, requests: 2, durationMicroseconds: 40, maxDurationMicroseconds: 30,
                    requestBytes: 6, responseBytes: 10, durations: histogram)
            ])
    }

    @Test func `minutes, status classes and routes are rows of their own`() async throws {
        let usage = meter.usage(of: tenant)
        usage.count(event(0))
        usage.count(event(60))
        usage.count(event(0, status: 404))
        usage.count(event(0, isMatched: false))
        try await meter.flush(tenant)
        #expect(ledger.records.count == 4)
        #expect(ledger.records.contains { $0.routeID == nil })
        #expect(ledger.records.contains { $0.statusClass == 4 })
    }

    @Test func `a shortcut counts what a search for the row counts`() async throws {
        let other = meter.usage(of: TenantID("klmnopqrst")!)
        let usage = meter.usage(of: tenant)
        var shortcut = UsageShortcut()
        let events = [
            event(0), event(1), event(0, status: 404), event(0, status: 404), event(0), event(60), event(60), event(59),
            event(0, status: 1), event(0, status: 999),
        ]
        for event in events {
            usage.count(event, by: &shortcut)
            usage.count(event)
        }
        try await meter.flush(tenant)
        #expect(ledger.requests == 2 * events.count)
        let rows = ledger.records.count
        // The round is over: what the shortcut leads to has been written down, and may count for somebody else by now.
        for event in events { other.count(event) }
        for event in events { usage.count(event, by: &shortcut) }
        try await meter.flush(tenant)
        #expect(ledger.records.count == 2 * rows)
        #expect(ledger.requests == 3 * events.count)
        try await meter.flush(TenantID("klmnopqrst")!)
        #expect(ledger.requests == 4 * events.count)
    }

    @Test func `a second flush writes nothing again`() async throws {
        meter.usage(of: tenant).count(event())
        try await meter.flush(tenant)
        try await meter.flush(tenant)
        #expect(ledger.requests == 1)
    }

    @Test func `a failed flush keeps the counts`() async throws {
        meter.usage(of: tenant).count(event())
        ledger.fail(.beforeCommit)
        await #expect(throws: FakeLedger.Failure.self) { try await meter.flush(tenant) }
        meter.usage(of: tenant).count(event())
        ledger.fail(nil)
        try await meter.flush(tenant)
        #expect(ledger.requests == 2)
    }

    @Test func `a flush whose answer was lost is not counted twice`() async throws {
        meter.usage(of: tenant).count(event())
        ledger.fail(.afterCommit)
        await #expect(throws: FakeLedger.Failure.self) { try await meter.flush(tenant) }
        ledger.fail(nil)
        try await meter.flush(tenant)
        #expect(ledger.requests == 1)
    }

    @Test func `flushing everything goes on after one tenant fails`() async throws {
        ledger.fail(.beforeCommit)
        meter.usage(of: tenant).count(event())
        await meter.flushAll()
        ledger.fail(nil)
        await meter.flushAll()
        #expect(ledger.requests == 1)
    }

    @Test func `counting and flushing at the same time loses nothing`() async throws {
        let usage = meter.usage(of: tenant)
        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<500 { usage.count(event()) } } }
            for _ in 0..<4 { group.addTask { for _ in 0..<20 { try? await meter.flush(tenant) } } }
        }
        try await meter.flush(tenant)
        #expect(ledger.requests == 2000)
    }

    @Test func `the lag is the age of the oldest request that the ledger lacks`() async throws {
        let now = Timestamp(seconds: 1_700_000_100)
        #expect(meter.lag(at: now) == .zero)
        meter.usage(of: tenant).count(event(20))
        meter.usage(of: tenant).count(event(40))
        #expect(meter.lag(at: now) == .seconds(40))
        ledger.fail(.beforeCommit)
        try? await meter.flush(tenant)
        #expect(meter.lag(at: now) == .seconds(40))
        ledger.fail(nil)
        try await meter.flush(tenant)
        #expect(meter.lag(at: now) == .zero)
    }

    @Test func `a tenant with too many rows keeps its counts and loses their routes`() async throws {
        let usage = meter.usage(of: tenant)
        var event = event()
        let routes = 50_010
        for number in 0..<routes {
            let digits = String(number)
            event.routeID = RouteID("route_" + String(repeating: "0", count: 16 - digits.count) + digits)
            usage.count(event)
        }
        try await meter.flush(tenant)
        #expect(ledger.requests == routes)
        #expect(ledger.records.count == 50_001)
        #expect(ledger.records.first { $0.routeID == nil }?.requests == 10)
    }

    @Test(arguments: [
        // Writing takes a hundredth of the time where there is enough of it,
        (1, 10, 40_000, 99), (500, 1, 60_000, 49_500),
        // a part of what is left where there is not,
        (30, 1_000, 20_000, 30), (30, 100, 20_000, 200),
        // and half of it once the round is late.
        (30, 10, -5_000, 30),
    ])
    func `after a ledger comes a pause`(taken: Int, remaining: Int, left: Int, pause: Int) {
        let found = UsageMeter.pause(
            after: .milliseconds(taken), remaining: remaining, left: .milliseconds(left))
        #expect(found == .milliseconds(pause))
    }

    @Test func `what was counted last is written at shutdown`() async throws {
        let service = Task { try await meter.run() }
        meter.usage(of: tenant).count(event())
        service.cancel()
        try await service.value
        #expect(ledger.requests == 1)
    }
}
