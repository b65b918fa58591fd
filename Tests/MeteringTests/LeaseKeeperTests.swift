import Domain
import Logging
import Metering
import Persistence
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LeaseKeeperTests {
    private let world = TestSurroundings()
    private let tenant = TenantID("acme000001")!

    /// A store that can be made to fail, and counts what it is told.
    private final class Store: RateLeases {
        struct Silence: Error {}

        let leases: InProcessRateLeases
        let isDown = Atomic<Bool>(false)
        let statements = Atomic<Int>(0)

        init(_ world: TestSurroundings) { leases = InProcessRateLeases { world.now } }

        func settle(_ statement: LeaseStatement, of tenant: TenantID) async throws -> LeaseGrant {
            statements.add(1, ordering: .relaxed)
            if isDown.load(ordering: .relaxed) { throw Silence() }
            await Task.yield()
            return leases.settled(statement, of: tenant)
        }

        func beat(node: String) async throws -> Int {
            if isDown.load(ordering: .relaxed) { throw Silence() }
            return try await leases.beat(node: node)
        }
    }

    private final class Lines: Sendable {
        let texts = Mutex<[String]>([])
    }

    private struct Listener: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.texts.withLock { $0.append("\(event.message)") } }
    }

    private func keeper(_ store: Store, shares: Int? = nil, lines: Lines = Lines()) -> LeaseKeeper {
        LeaseKeeper(
            leases: store, surroundings: world.surroundings, shares: shares,
            logger: Logger(label: "test") { _ in Listener(lines: lines) })
    }

    /// One request, waiting for leases as the data plane does.
    private func isAdmitted(_ limiter: RateLimiter, _ limiters: RateLimiters) async -> Bool {
        while true {
            switch limiter.admit(at: world.now) {
            case .admitted: return true
            case .denied: return false
            case .undecided: await limiters.lease(limiter)
            }
        }
    }

    private func admitted(_ count: Int, _ limiter: RateLimiter, _ limiters: RateLimiters) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<count { group.addTask { await isAdmitted(limiter, limiters) } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
    }

    @Test func `requests at once over three nodes get the quota and no more`() async {
        let store = Store(world)
        let nodes = (0..<3).map { _ in RateLimiters(keeper: keeper(store)) }
        let total = await withTaskGroup(of: Int.self) { group in
            for limiters in nodes {
                group.addTask {
                    await admitted(200, limiters.limiter(for: tenant, limit: 300), limiters)
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total <= 300)
        // What one node held when another asked for the last of it comes back within a second.
        #expect(total >= 290)
    }

    @Test func `requests that wait share one statement`() async {
        let store = Store(world)
        let limiters = RateLimiters(keeper: keeper(store))
        let limiter = limiters.limiter(for: tenant, limit: 100_000)
        #expect(await admitted(500, limiter, limiters) == 500)
        #expect(store.statements.load(ordering: .relaxed) < 100)
    }

    @Test func `without the store a node serves its share, says so once, and goes back to leases`() async throws {
        let (store, lines) = (Store(world), Lines())
        let keeper = keeper(store, shares: 3, lines: lines)
        let limiters = RateLimiters(keeper: keeper)
        let limiter = limiters.limiter(for: tenant, limit: 300)
        store.isDown.store(true, ordering: .relaxed)
        // A tenth of a third at once.
        #expect(await admitted(50, limiter, limiters) == 10)
        #expect(keeper.isCutOff)
        for _ in 0..<3 { await keeper.beat() }
        let other = limiters.limiter(for: TenantID("other00001")!, limit: 30)
        #expect(await admitted(5, other, limiters) == 1)
        #expect(lines.texts.withLock { $0.count } == 1)

        store.isDown.store(false, ordering: .relaxed)
        await keeper.beat()
        #expect(!keeper.isCutOff)
        #expect(lines.texts.withLock { $0.count } == 2)
        world.advance(by: .seconds(1))
        await limiters.lease(limiter)
        #expect(limiter.leased?.isServedFromShare == false)
        // What was admitted meanwhile is on the account.
        #expect(limiter.used(at: world.now) >= 10)
    }

    @Test func `nodes know how many they are`() async {
        let store = Store(world)
        let keepers = [keeper(store), keeper(store)]
        for keeper in keepers { await keeper.beat() }
        await keepers[0].beat()
        #expect(keepers[0].liveNodes == 2)
    }

    @Test func `an unlimited tenant asks nobody`() async {
        let store = Store(world)
        let limiters = RateLimiters(keeper: keeper(store))
        #expect(await admitted(50, limiters.limiter(for: tenant, limit: nil), limiters) == 50)
        #expect(store.statements.load(ordering: .relaxed) == 0)
    }
}
