import Domain
import Metering
import Persistence
import Testing

/// What holds for a quota that several nodes share, whatever the order of events.
@Suite struct LeasedRateTests {
    typealias Setup = LeaseSimulation.Setup

    private func run(_ setup: Setup) -> LeaseSimulation {
        let simulation = LeaseSimulation(setup)
        simulation.run()
        return simulation
    }

    /// An even overload: `factor` times the quota, over so many nodes.
    private func overload(_ factor: Double, limit: Int, nodes: Int, seed: UInt64 = 1) -> Setup {
        Setup(
            seed: seed, limit: limit,
            demand: Array(repeating: Double(limit) / 60 * factor / Double(nodes), count: nodes), clockError: 3600)
    }

    @Test(arguments: [1, 2, 3, 5, 10, 20])
    func `no minute sees more than the quota, and 99 % of it passes, over any number of nodes`(nodes: Int) {
        for seed in UInt64(1)...3 {
            let simulation = run(overload(5, limit: 600, nodes: nodes, seed: seed))
            #expect(simulation.mostInAnyWindow <= 600)
            #expect(simulation.share(minutes: 3) >= 0.99)
        }
    }

    @Test(arguments: [1.3, 2.0, 20.0])
    func `it holds for a slight and for a crushing overload`(factor: Double) {
        let simulation = run(overload(factor, limit: 600, nodes: 4))
        #expect(simulation.mostInAnyWindow <= 600)
        #expect(simulation.share(minutes: 3) >= 0.99)
    }

    @Test(arguments: [60, 3000])
    func `it holds for small and large quotas`(limit: Int) {
        let simulation = run(overload(4, limit: limit, nodes: 3))
        #expect(simulation.mostInAnyWindow <= limit)
        #expect(simulation.share(minutes: 3) >= 0.99)
    }

    @Test(arguments: UInt64(1)...10)
    func `it holds for uneven nodes with slow messages`(seed: UInt64) {
        let simulation = run(
            Setup(
                seed: seed, limit: 600, demand: [40, 3, 1, 0.2, 0.05], latency: Double(seed) * 10, clockError: 100))
        #expect(simulation.mostInAnyWindow <= 600)
        #expect(simulation.share(minutes: 3) >= 0.99)
    }

    @Test(arguments: UInt64(1)...10)
    func `nodes that die with a lease in hand cost nothing but time`(seed: UInt64) {
        let simulation = run(
            Setup(
                seed: seed, limit: 600, demand: [20, 20, 20], clockError: 100,
                deaths: [0: 60 + Double(seed) / 5, 1: 125.05]))
        #expect(simulation.mostInAnyWindow <= 600)
        #expect(simulation.share(minutes: 3) >= 0.99)
    }

    @Test func `under the quota nothing is refused`() {
        let simulation = run(overload(0.7, limit: 600, nodes: 5))
        #expect(simulation.refused == 0)
        #expect(simulation.admitted.count > 1500)
    }

    @Test func `a lower limit holds from the moment that the nodes know it`() {
        var setup = overload(5, limit: 600, nodes: 3)
        setup.change = (at: 90, limit: 300)
        let simulation = run(setup)
        for start in stride(from: 90.0, to: 180, by: 5) {
            #expect(simulation.count(from: start, to: start + 60) <= 600)
        }
        #expect(simulation.count(from: 151, to: 211) <= 300)
    }

    @Test func `a higher limit is used within a second`() {
        var setup = overload(10, limit: 600, nodes: 3)
        setup.change = (at: 30, limit: 1200)
        let simulation = run(setup)
        #expect(simulation.count(from: 0, to: 30) == 600)
        // The demand is 100 a second, so a second's delay would show.
        #expect(simulation.count(from: 30, to: 37) >= 590)
    }

    @Test(arguments: UInt64(1)...5)
    func `without the store each node serves a share, never nothing and never everything`(seed: UInt64) {
        let simulation = run(
            Setup(seed: seed, limit: 600, demand: [20, 20, 20], duration: 300, clockError: 100, outage: 70..<220))
        // A whole minute within the outage.
        for start in stride(from: 132.0, to: 160, by: 3) {
            let count = simulation.count(from: start, to: start + 60)
            #expect(count > 500)
            #expect(count <= 660)
        }
        // The bound around its begin and its end, which the guide states.
        #expect(simulation.mostInAnyWindow <= 1200)
        // What the nodes had let through is on the account when the store is back, for as long as it counts.
        for start in stride(from: 165.0, to: 240, by: 5) {
            #expect(simulation.count(from: start, to: start + 60) <= 660)
        }
    }

    @Test func `an outage goes unnoticed by a tenant with an even load`() {
        var setup = overload(0.8, limit: 600, nodes: 3)
        setup.outage = 70..<150
        let simulation = run(setup)
        #expect(simulation.mostInAnyWindow <= 600)
        #expect(Double(simulation.refused) < Double(simulation.admitted.count) * 0.1)
    }

    @Test(arguments: UInt64(1)...10)
    func `a store that lost its memory does not hand the quota out a second time`(seed: UInt64) {
        let simulation = run(
            Setup(
                seed: seed, limit: 600, demand: [20, 20, 20], clockError: 100, amnesia: 60 + Double(seed) * 7))
        // A tenth more: what the nodes had not told yet.
        #expect(simulation.mostInAnyWindow <= 660)
    }

    @Test(arguments: UInt64(1)...5)
    func `lost messages are said again, and twice has the effect of once`(seed: UInt64) {
        let simulation = run(
            Setup(seed: seed, limit: 600, demand: [20, 20, 20], loss: 0.01, clockError: 100))
        // Two losses in a row put a node on its share for a moment.
        #expect(simulation.mostInAnyWindow <= 660)
        #expect(simulation.share(minutes: 3) >= 0.97)
    }

    // MARK: One node

    private let tenant = TenantID("acme000001")!
    private let moment = Timestamp(seconds: 1_800_000_000)

    @Test func `a request without a lease is undecided, and a grant decides it`() throws {
        let rate = LeasedRate(tenant: tenant, node: "a", limit: 10)
        #expect(rate.admit(at: moment) == .undecided)
        let statement = try #require(rate.begin(at: moment, waiting: 1, nodes: 1))
        #expect(statement.wanted >= 1)
        rate.finish(
            statement,
            LeaseGrant(granted: 1, lifetimeMicroseconds: 1_000_000, taken: 1, freeInMicroseconds: nil, epoch: 1),
            at: moment)
        #expect(rate.admit(at: moment) == .admitted)
        #expect(rate.admit(at: moment) == .undecided)
    }

    @Test func `a lease that has ended is not used`() throws {
        let rate = LeasedRate(tenant: tenant, node: "a", limit: 10)
        let statement = try #require(rate.begin(at: moment, waiting: 1, nodes: 1))
        rate.finish(
            statement,
            LeaseGrant(granted: 5, lifetimeMicroseconds: 1_000_000, taken: 5, freeInMicroseconds: nil, epoch: 1),
            at: moment + .milliseconds(400))
        #expect(rate.admit(at: moment + .milliseconds(900)) == .admitted)
        // The store's answer may be as old as the question.
        #expect(rate.admit(at: moment + .seconds(1)) == .undecided)
    }

    @Test func `a refusal says when a part of the quota gets free`() throws {
        let rate = LeasedRate(tenant: tenant, node: "a", limit: 10)
        let statement = try #require(rate.begin(at: moment, waiting: 1, nodes: 1))
        rate.finish(
            statement,
            LeaseGrant(
                granted: 0, lifetimeMicroseconds: 1_000_000, taken: 10, freeInMicroseconds: 17_200_000, epoch: 1),
            at: moment)
        #expect(rate.admit(at: moment) == .denied(RateStanding(limit: 10, remaining: 0, resetSeconds: 18)))
        #expect(rate.refusal(at: moment) == RateStanding(limit: 10, remaining: 0, resetSeconds: 18))
        // Other nodes may give something back, so it is not for as long.
        #expect(rate.admit(at: moment + .milliseconds(100)) == .undecided)
    }

    @Test func `an unlimited tenant needs no lease, and one with a limit of 0 gets none`() {
        let unlimited = LeasedRate(tenant: tenant, node: "a", limit: nil)
        #expect(unlimited.admit(at: moment) == .admitted)
        unlimited.setLimit(0)
        #expect(unlimited.admit(at: moment) == .denied(RateStanding(limit: 0, remaining: 0, resetSeconds: 60)))
    }
}
