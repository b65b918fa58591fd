import Domain
import Foundation
import Logging
import Metering
import Persistence
import TestSupport
import Testing

/// A process run ends without a last flush when its meter is let go: the file stays and its lock ends, as after `kill -9`.
@Suite struct UsageRecoveryTests {
    private let tenants = [TenantID("abcdefghij")!, TenantID("klmnopqrst")!]
    private let workspace = WorkspaceID("ws_0000000000000000")!
    private let mock = MockID("mock_0000000000000000")!
    private let folder = TemporaryFolder()
    private let ledger = FakeLedger()

    private func meter(maxFileBytes: Int = 4 << 20) -> UsageMeter {
        let ledger = ledger
        return UsageMeter(
            ledger: { _, records, window in try ledger.add(records, window) }, surroundings: .system,
            folder: folder.path, maxFileBytes: maxFileBytes,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func event(route number: Int = 0, status: Int = 200) -> UsageEvent {
        let digits = String(number)
        return UsageEvent(
            at: Timestamp(seconds: 1_700_000_040), workspaceID: workspace, mockID: mock,
            routeID: RouteID("route_" + String(repeating: "0", count: 16 - digits.count) + digits), status: status,
            durationMicroseconds: 25, requestBytes: 3, responseBytes: 5)
    }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func file() throws -> String {
        let names = try files().filter { $0.hasSuffix(".counters") }
        #expect(names.count == 1)
        return folder.path + "/" + (names.first ?? "")
    }

    /// Counts in a run that dies.
    private func crash(after body: (UsageMeter) async throws -> Void) async rethrows {
        let meter = meter()
        try await body(meter)
    }

    @Test func `what a dead process had counted is in the ledger of the next`() async throws {
        await crash { meter in
            for _ in 0..<3 { meter.usage(of: tenants[0]).count(event()) }
            meter.usage(of: tenants[1]).count(event(route: 1, status: 404))
            var refused = event(status: 429)
            (refused.workspaceID, refused.mockID, refused.routeID) = (nil, nil, nil)
            meter.usage(of: tenants[1]).count(refused)
        }
        let next = meter()
        await next.recover()
        var histogram = DurationHistogram()
        histogram.add(25, times: 3)
        #expect(ledger.requests == 5)
        #expect(
            ledger.records.contains(
                UsageRecord(
                    minute: Timestamp(seconds: 1_700_000_040), workspaceID: workspace, mockID: mock,
                    routeID: event().routeID, statusClass: 2, requests: 3, durationMicroseconds: 75,
                    maxDurationMicroseconds: 25, requestBytes: 9, responseBytes: 15, durations: histogram)))
        #expect(ledger.records.contains { $0.workspaceID == nil && $0.statusClass == 4 })
        #expect(try files().count == 1)
    }

    @Test func `a window that the ledger took before the process died adds nothing`() async throws {
        await crash { meter in
            meter.usage(of: tenants[0]).count(event())
            ledger.fail(.afterCommit)
            try? await meter.flush(tenants[0])
            meter.usage(of: tenants[0]).count(event())
        }
        ledger.fail(nil)
        await meter().recover()
        #expect(ledger.requests == 2)
    }

    @Test(arguments: [FakeLedger.Failure.beforeCommit, .afterCommit])
    func `a recovery that dies is taken up by the next and counts once`(failure: FakeLedger.Failure) async throws {
        await crash { meter in for route in 0..<5 { meter.usage(of: tenants[0]).count(event(route: route)) } }
        ledger.fail(failure)
        await meter().recover()
        ledger.fail(nil)
        await meter().recover()
        await meter().recover()
        #expect(ledger.requests == 5)
    }

    @Test func `the file of a living process is left alone`() async throws {
        let living = meter()
        living.usage(of: tenants[0]).count(event())
        await meter().recover()
        #expect(ledger.requests == 0)
        try await living.flush(tenants[0])
        #expect(ledger.requests == 1)
    }

    @Test func `a stop that wrote everything leaves no file`() async throws {
        let meter = meter()
        let service = Task { try await meter.run() }
        meter.usage(of: tenants[0]).count(event())
        service.cancel()
        try await service.value
        #expect(ledger.requests == 1)
        #expect(try files() == [])
    }

    @Test func `a stop that could not write leaves the file for the next start`() async throws {
        try await crash { meter in
            ledger.fail(.beforeCommit)
            meter.usage(of: tenants[0]).count(event())
            let service = Task { try await meter.run() }
            service.cancel()
            try await service.value
        }
        ledger.fail(nil)
        await meter().recover()
        #expect(ledger.requests == 1)
    }

    @Test func `a file cut short gives what is left of it`() async throws {
        await crash { meter in for route in 0..<10 { meter.usage(of: tenants[0]).count(event(route: route)) } }
        // The first page, seven slots, and a piece of the eighth.
        let handle = try #require(FileHandle(forUpdatingAtPath: try file()))
        try handle.truncate(atOffset: 4096 + 7 * 256 + 100)
        try handle.close()
        await meter().recover()
        #expect(ledger.requests == 7)
    }

    @Test func `a damaged slot is left out`() async throws {
        await crash { meter in for route in 0..<10 { meter.usage(of: tenants[0]).count(event(route: route)) } }
        let handle = try #require(FileHandle(forUpdatingAtPath: try file()))
        try handle.seek(toOffset: 4096 + 3 * 256 + 240)
        try handle.write(contentsOf: Data("?".utf8))
        try handle.close()
        await meter().recover()
        #expect(ledger.requests == 9)
    }

    /// Version 1 has the name, 80 bytes, before the 128 of the durations.
    @Test func `a file of the first version is read`() async throws {
        await crash { meter in
            for route in 0..<10 {
                meter.usage(of: tenants[0]).count(event(route: route, status: 200 + 100 * (route % 3)))
            }
        }
        let path = try file()
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        bytes[8] = 1
        for slot in stride(from: 4096, to: bytes.count, by: 256) {
            let (durations, name) = (bytes[slot + 48..<slot + 176], bytes[slot + 176..<slot + 256])
            bytes.replaceSubrange(slot + 48..<slot + 256, with: Array(name) + Array(durations))
        }
        try Data(bytes).write(to: URL(filePath: path))
        await meter().recover()
        var histogram = DurationHistogram()
        histogram.add(25)
        #expect(ledger.records.count == 10)
        #expect(ledger.records.allSatisfy { $0.durations == histogram && $0.requests == 1 && $0.requestBytes == 3 })
        #expect(Set(ledger.records.map(\.routeID)) == Set((0..<10).map { event(route: $0).routeID }))
    }

    @Test(arguments: ["", "short", "MFUSAGE\n" + String(repeating: "\u{7}", count: 5000)])
    func `a file that is none of ours is set aside`(text: String) async throws {
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/old.counters"))
        let meter = meter()
        await meter.recover()
        #expect(try files().contains("old.counters.unreadable"))
    }

    @Test func `no damage stops the recovery`() async throws {
        var random = TestSurroundings().surroundings.generator
        for _ in 0..<60 {
            await crash { meter in for route in 0..<20 { meter.usage(of: tenants[0]).count(event(route: route)) } }
            let path = try file()
            var bytes = try Data(contentsOf: URL(filePath: path)).prefix(4096 + 30 * 256)
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try bytes.write(to: URL(filePath: path))
            await meter().recover()
            for name in try files() { try FileManager.default.removeItem(atPath: folder.path + "/" + name) }
        }
    }

    @Test func `the file grows with the routes and never beyond its limit`() async throws {
        let meter = meter(maxFileBytes: 2 << 20)
        let usage = meter.usage(of: tenants[0])
        for route in 0..<4000 { usage.count(event(route: route)) }
        #expect(meter.makeRoom())
        for route in 4000..<8000 { usage.count(event(route: route)) }
        #expect(!meter.makeRoom())
        for route in 8000..<12_000 { usage.count(event(route: route)) }
        let size = try #require(FileManager.default.attributesOfItem(atPath: try file())[.size] as? Int)
        #expect(size == 4096 + (2 << 20))
        try await meter.flush(tenants[0])
        #expect(ledger.requests == 12_000)
        #expect(meter.makeRoom())
    }

    @Test func `the file grows while a round of flushes pauses`() async throws {
        let ledger = ledger
        // What takes so long is followed by a pause of several seconds.
        let meter = UsageMeter(
            ledger: { _, records, window in
                try await Task.sleep(for: .milliseconds(300))
                try ledger.add(records, window)
            }, surroundings: .system, folder: folder.path, interval: .seconds(2),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await meter.run() }
        meter.usage(of: tenants[0]).count(event())
        while ledger.requests == 0 { try await Task.sleep(for: .milliseconds(10)) }
        let path = try file()
        func size() throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int }
        let before = try #require(try size())
        for route in 0..<4000 { meter.usage(of: tenants[0]).count(event(route: route)) }
        while try size() == before, ledger.requests == 1 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(ledger.requests == 1)
        #expect(try #require(try size()) > before)
        running.cancel()
        try await running.value
        #expect(ledger.requests == 4001)
    }

    @Test func `whatever fails and whenever the process dies, each request is counted once`() async throws {
        var random = TestSurroundings().surroundings.generator
        var counted = 0
        for _ in 0..<40 {
            var meter: UsageMeter? = meter()
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                ledger.fail([nil, nil, .beforeCommit, .afterCommit].randomElement(using: &random)!)
                let tenant = tenants.randomElement(using: &random)!
                switch Int.random(in: 0..<6, using: &random) {
                case 0: try? await meter?.flush(tenant)
                case 1: await meter?.flushAll()
                case 2: await meter?.recover()
                default:
                    meter?.usage(of: tenant).count(event(route: Int.random(in: 0..<3, using: &random)))
                    counted += 1
                }
            }
            meter = nil
        }
        ledger.fail(nil)
        await meter().recover()
        #expect(ledger.requests == counted)
    }
}
