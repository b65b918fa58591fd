import Domain
import Foundation
import Logging
import Persistence
import RedisDriver
import TestSupport
import Testing

/// What every driver of `RateLeases` promises.
@Suite struct RateLeasesContractTests {
    static let redisURL = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_REDIS_URL"]

    enum Driver: String, CaseIterable, Sendable {
        case inProcess, redis

        static var available: [Driver] { redisURL == nil ? [.inProcess] : [.inProcess, .redis] }
    }

    /// Microseconds are what accounts measure in, so the clock begins somewhere within a slot.
    private let clock = TestSurroundings(now: Timestamp(microseconds: 1_800_000_000_012_345))
    /// Fresh for each test, so that no two meet in one Redis.
    private let tenant = TenantID(from: Surroundings.system)

    private func leases(_ driver: Driver) async throws -> any RateLeases {
        let clock = clock
        switch driver {
        case .inProcess: return InProcessRateLeases { clock.now }
        case .redis:
            let url = try #require(Self.redisURL)
            let client = try RedisClient(try RedisAddress(url), logger: Logger(label: "test"))
            try await client.connect()
            return RedisRateLeases(client) { clock.now }
        }
    }

    private func statement(
        _ node: String, _ sequence: Int, used: Int = 0, kept: Int = 0, wanted: Int = 0, recent: Int = 0,
        epoch: Int64 = 0, nodes: Int = 1
    ) -> LeaseStatement {
        LeaseStatement(
            node: node, sequence: sequence, limit: 100, used: used, kept: kept, wanted: wanted, recent: recent,
            epoch: epoch, nodes: nodes)
    }

    @Test(arguments: Driver.available)
    func `what nodes hold and have used never adds up to more than the limit`(driver: Driver) async throws {
        let leases = try await leases(driver)
        var held: [String: Int] = [:]
        for sequence in 1...40 {
            for node in ["a", "b", "c"] {
                let grant = try await leases.settle(
                    statement(node, sequence, kept: held[node, default: 0], wanted: 5), of: tenant)
                held[node, default: 0] += grant.granted
            }
        }
        #expect(held.values.reduce(0, +) == 100)
    }

    @Test(arguments: Driver.available)
    func `the part gets smaller toward the end, and the last is given too`(driver: Driver) async throws {
        let leases = try await leases(driver)
        var (kept, grants) = (0, [Int]())
        for sequence in 1...20 {
            let grant = try await leases.settle(
                statement("a", sequence, kept: kept, wanted: 100, nodes: 2), of: tenant)
            grants.append(grant.granted)
            kept += grant.granted
        }
        #expect(grants.prefix(3) == [25, 18, 14])
        #expect(kept == 100)
        #expect(grants.last == 0)
    }

    @Test(arguments: Driver.available)
    func `a statement said twice has the effect of one`(driver: Driver) async throws {
        let leases = try await leases(driver)
        let first = try await leases.settle(statement("a", 1, used: 0, wanted: 10), of: tenant)
        #expect(first.granted == 10)
        let again = try await leases.settle(statement("a", 1, used: 0, wanted: 10), of: tenant)
        #expect(again.granted == 0)
        #expect(again.taken == 10)
        _ = try await leases.settle(statement("a", 2, used: 10), of: tenant)
        #expect(try await leases.settle(statement("a", 2, used: 10), of: tenant).taken == 10)
    }

    @Test(arguments: Driver.available)
    func `what is given back is there for others, and what was used is not for 60 seconds`(driver: Driver) async throws
    {
        let leases = try await leases(driver)
        _ = try await leases.settle(statement("a", 1, wanted: 50), of: tenant)
        clock.advance(by: .milliseconds(500))
        let settled = try await leases.settle(statement("a", 2, used: 20), of: tenant)
        #expect(settled.taken == 20)
        #expect(settled.freeInMicroseconds.map { $0 > 60_000_000 && $0 <= 60_100_000 } == true)
        clock.advance(by: .seconds(60))
        #expect(try await leases.settle(statement("b", 1), of: tenant).taken == 20)
        clock.advance(by: .milliseconds(100))
        let free = try await leases.settle(statement("b", 2), of: tenant)
        #expect(free.taken == 0)
        #expect(free.freeInMicroseconds == nil)
    }

    @Test(arguments: Driver.available)
    func `what a lost node held counts for 60 seconds after it may have used it`(driver: Driver) async throws {
        let leases = try await leases(driver)
        let grant = try await leases.settle(statement("lost", 1, wanted: 30), of: tenant)
        #expect(grant.granted == 30)
        #expect(grant.lifetimeMicroseconds == 1_000_000)
        clock.advance(by: .microseconds(60_999_999))
        #expect(try await leases.settle(statement("b", 1), of: tenant).taken == 30)
        clock.advance(by: .microseconds(1))
        #expect(try await leases.settle(statement("b", 2), of: tenant).taken == 0)
    }

    @Test(arguments: Driver.available)
    func `an account without memory takes what nodes used lately, and gives little at first`(
        driver: Driver
    ) async throws {
        let leases = try await leases(driver)
        let first = try await leases.settle(
            statement("a", 7, used: 5, wanted: 50, recent: 60, epoch: 99, nodes: 2), of: tenant)
        #expect(first.epoch != 99)
        #expect(first.granted == 1)
        #expect(first.taken == 61)
        let second = try await leases.settle(
            statement("b", 3, used: 1, recent: 30, epoch: 99, nodes: 2), of: tenant)
        #expect(second.taken == 91)
        #expect(second.epoch == first.epoch)
    }

    @Test(arguments: Driver.available)
    func `nodes that live are counted`(driver: Driver) async throws {
        let leases = try await leases(driver)
        let name = String(Surroundings.system.random(), radix: 36)
        let alone = try await leases.beat(node: name)
        #expect(alone >= 1)
        #expect(try await leases.beat(node: name) >= 1)
        #expect(try await leases.beat(node: name + "-other") >= 2)
    }

    @Test(.enabled(if: redisURL != nil, "needs MOCKFORGE_TEST_REDIS_URL"), arguments: UInt64(1)...5)
    func `the script and the reference answer alike to thousands of statements`(seed: UInt64) async throws {
        let (script, reference) = (try await leases(.redis), try await leases(.inProcess))
        let dice = TestSurroundings(seed: seed)
        var generator = dice.surroundings.generator
        var (sequences, epochs, kept) = ([String: Int](), [String: (Int64, Int64)](), [String: Int]())
        for _ in 0..<600 {
            clock.advance(by: .microseconds(Int64.random(in: 1...400_000, using: &generator)))
            let node = "n\(Int.random(in: 1...4, using: &generator))"
            // Now and then an old one once more.
            if Int.random(in: 1...10, using: &generator) > 1 { sequences[node, default: 0] += 1 }
            let keeps = Int.random(in: 0...kept[node, default: 0], using: &generator)
            var said = statement(
                node, sequences[node] ?? 1, used: kept[node, default: 0] - keeps, kept: keeps,
                wanted: Int.random(in: 0...20, using: &generator), recent: Int.random(in: 0...30, using: &generator),
                nodes: Int.random(in: 1...4, using: &generator))
            said.epoch = epochs[node]?.0 ?? 0
            let left = try await script.settle(said, of: tenant)
            said.epoch = epochs[node]?.1 ?? 0
            let right = try await reference.settle(said, of: tenant)
            #expect(left.granted == right.granted)
            #expect(left.taken == right.taken)
            #expect(left.freeInMicroseconds == right.freeInMicroseconds)
            #expect(left.lifetimeMicroseconds == right.lifetimeMicroseconds)
            epochs[node] = (left.epoch, right.epoch)
            kept[node] = keeps + left.granted
        }
    }
}
