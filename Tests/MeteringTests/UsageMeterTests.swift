import Domain
import Logging
import Metering
import Persistence
import Synchronization
import Testing

/// A ledger in memory that can be told to fail, before or after it has taken a window.
private final class FakeLedger: Sendable {
    enum Failure: Error { case beforeCommit, afterCommit }

    private struct State {
        var windows: Set<UsageWindow> = []
        var records: [UsageRecord] = []
        var failure: Failure?
    }

    private let state = Mutex(State())

    func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }

    var requests: Int { state.withLock { $0.records.reduce(0) { $0 + $1.requests } } }
    var records: [UsageRecord] { state.withLock { $0.records } }

    func add(_ records: [UsageRecord], _ window: UsageWindow) throws {
        try state.withLock { state in
            if state.failure == .beforeCommit { throw Failure.beforeCommit }
            if state.windows.insert(window).inserted { state.records += records }
            if state.failure == .afterCommit { throw Failure.afterCommit }
        }
    }
}

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
        #expect(
            ledger.records == [
                UsageRecord(
                    minute: Timestamp(seconds: 1_700_000_040), workspaceID: workspace, mockID: mock, routeID: route,
                    statusClass: 2, requests: 2, durationMicroseconds: 40, maxDurationMicroseconds: 30,
                    requestBytes: 6, responseBytes: 10)
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

    @Test func `what was counted last is written at shutdown`() async throws {
        let service = Task { try await meter.run() }
        meter.usage(of: tenant).count(event())
        service.cancel()
        try await service.value
        #expect(ledger.requests == 1)
    }
}
