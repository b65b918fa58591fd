import Domain
import JSON
import Logging
import Metering
import MockEngine
import Persistence

/// Times the steps of a mock request one by one, in nanoseconds: the best of several rounds, since the least disturbed
/// round is nearest to the cost.
@main
struct Micro {
    static func main() throws {
        print("| step | ns |\n| --- | --- |")
        for size in [10, 10_000] {
            try Step("match one of \(size) routes, in random order", try MatchLoad(routes: size).run).print()
        }
        try Step("render a template: path parameter, uuid, fake name", try TemplateLoad().run).print()
        try Step("make an object from a schema, request validated", try SchemaLoad(items: nil).run).print()
        try Step("make a list of 20 objects from a schema", try SchemaLoad(items: 20).run).print()
        let limiter = RateLimiter(limit: 1_000_000_000)
        let now = Timestamp.systemNow()
        try Step("admit") { _ in _ = limiter.admit(at: now) }.print()
        let meter = UsageMeter(ledger: { _, _, _ in }, surroundings: .system, logger: Logger(label: "micro"))
        let usage = meter.usage(of: TenantID(from: .system))
        let event = UsageEvent(
            at: now, workspaceID: WorkspaceID(from: .system), mockID: MockID(from: .system),
            routeID: RouteID(from: .system), status: 200, durationMicroseconds: 12, requestBytes: 0, responseBytes: 175)
        try Step("count usage") { _ in usage.count(event) }.print()
        var shortcut = UsageShortcut()
        try Step("count usage of a route that was counted before") { _ in usage.count(event, by: &shortcut) }.print()
    }
}

/// One thing to time.
struct Step {
    private static let rounds = 9
    private static let roundNanoseconds = 50_000_000

    let name: String
    let body: (_ turn: Int) throws -> Void

    init(_ name: String, _ body: @escaping (_ turn: Int) throws -> Void) {
        self.name = name
        self.body = body
    }

    func print() throws {
        Swift.print("| \(name) | \(Int(try nanoseconds())) |")
    }

    private func nanoseconds() throws -> Double {
        let clock = ContinuousClock()
        var turns = 1
        var best = Double.infinity
        var round = 0
        while round < Self.rounds {
            let took = try clock.measure { for turn in 0..<turns { try body(turn) } }
            let nanoseconds = took / .nanoseconds(1)
            if nanoseconds < Double(Self.roundNanoseconds) {
                turns = max(turns * 2, Int(Double(turns) * 1.1 * Double(Self.roundNanoseconds) / max(nanoseconds, 1)))
                continue
            }
            best = min(best, nanoseconds / Double(turns))
            round += 1
        }
        return best
    }
}
