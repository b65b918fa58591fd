import Domain
import RedisDriver
import Synchronization
import Testing

/// Tasks that count upwards, each in keys of its own that all share one slot, and look at every answer.
private final class Counting: Sendable {
    private static let both = RedisScript(
        "return redis.call('INCR', KEYS[1]) * 1000000 + redis.call('INCR', KEYS[2])")

    /// Operations that were answered.
    let answers = Atomic<Int>(0)
    /// Answers other than the next number, and failures.
    let wrong = Mutex<[String]>([])
    private let isOver = Atomic<Bool>(false)
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ client: RedisClient, _ tenant: TenantID, tasks count: Int = 6) {
        let started = (0..<count).map { number in
            Task { [self] in
                let (one, first, second) = (
                    client.key(tenant, "\(number)"), client.key(tenant, "\(number)", "a"),
                    client.key(tenant, "\(number)", "b")
                )
                var value = 0
                while !isOver.load(ordering: .relaxed), wrong.withLock({ $0.isEmpty }) {
                    value += 1
                    do {
                        let single = try await client.send(["INCR", RedisArgument(one)], key: one).integer
                        let pair = try await client.evaluate(Self.both, keys: [first, second], arguments: []).integer
                        if single != value || pair != value * 1_000_000 + value {
                            wrong.withLock { $0.append("\(value): \(single ?? -1), \(pair ?? -1)") }
                        }
                    } catch {
                        wrong.withLock { $0.append("\(value): \(error)") }
                    }
                    answers.add(1, ordering: .relaxed)
                }
            }
        }
        tasks.withLock { $0 = started }
    }

    /// Returns when so many more have been answered.
    func more(_ count: Int) async throws {
        let goal = answers.load(ordering: .relaxed) + count
        try await eventually("the load goes on") { answers.load(ordering: .relaxed) >= goal }
    }

    func stop() async {
        isOver.store(true, ordering: .relaxed)
        for task in tasks.withLock({ $0 }) { await task.value }
    }
}

@Suite(.enabled(if: RedisServer.isInstalled, "install redis-server"), .serialized)
struct `While a cluster rearranges itself` {
    private let tenant = TenantID("moving0001")!

    /// One slot goes round all masters, key by key, and rests half-way for a while each time.
    @Test func `a slot that moves under load loses and doubles no operation`() async throws {
        let cluster = try await RedisCluster()
        let client = try await connectedClient(cluster.url)
        let load = Counting(client, tenant)
        try await load.more(50)
        let key = client.key(tenant, "filler")
        for number in 0..<100 {
            let key = "\(key)\(number)"
            _ = try await client.send(["SET", RedisArgument(key), "x"], key: key)
        }
        let masters = try await cluster.masters(of: key)
        for step in 0..<6 {
            let source = masters[step % 3]
            let target = masters[(step + 1) % 3]
            try await cluster.move(key, from: source, to: target, among: masters) { try await load.more(100) }
            try await load.more(100)
        }
        await load.stop()
        #expect(load.wrong.withLock { $0 } == [])
        #expect(client.figures.redirections.load(ordering: .relaxed) > 100)
        #expect(client.figures.failures.load(ordering: .relaxed) == 0)
        client.close()
    }

    @Test func `a master that hands over to its replica loses and doubles no operation`() async throws {
        let cluster = try await RedisCluster()
        // While a master hands over, commands wait for it.
        let client = try await connectedClient(cluster.url + "?timeout_ms=60000")
        let load = Counting(client, tenant)
        try await load.more(50)
        try await cluster.handOver(masterOf: client.key(tenant, "any"))
        try await load.more(200)
        await load.stop()
        #expect(load.wrong.withLock { $0 } == [])
        client.close()
    }
}
