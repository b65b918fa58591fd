import Domain
import Metering
import Persistence
import Synchronization

/// Several nodes that share one tenant's quota through one store, in simulated time: requests arrive at random, messages
/// take their time and get lost, clocks disagree, nodes die.
final class LeaseSimulation {
    struct Setup {
        var seed: UInt64 = 1
        var limit = 600
        /// Requests a second at each node.
        var demand: [Double]
        /// Simulated seconds.
        var duration = 240.0
        /// The longest way of a message, in milliseconds.
        var latency = 5.0
        /// The share of messages that get lost.
        var loss = 0.0
        /// By how many seconds the nodes' clocks are off at most.
        var clockError = 0.0
        /// Nodes that die, and when.
        var deaths: [Int: Double] = [:]
        /// From when to when the store does not answer.
        var outage: Range<Double>?
        /// When the store loses its memory.
        var amnesia: Double?
        /// When the limit changes, and to what.
        var change: (at: Double, limit: Int)?
    }

    private enum Event {
        case arrival(Int)
        case tick(Int)
        case statement(Int, LeaseStatement)
        case reply(Int, LeaseStatement, LeaseGrant)
        case timeout(Int, LeaseStatement, attempt: Int)
        case amnesia
        case change
    }

    private struct Entry {
        let at: Int64
        let order: Int
        let event: Event

        func isBefore(_ other: Entry) -> Bool { at < other.at || at == other.at && order < other.order }
    }

    private struct Node {
        let rate: LeasedRate
        let offset: Int64
        /// The speed of its clock.
        let speed: Double
        var waiting = 0
        /// The statement under way.
        var flight: Int?
    }

    private final class Clock: Sendable {
        let time = Atomic<Int64>(0)
    }

    private let setup: Setup
    private let clock = Clock()
    private let store: InProcessRateLeases
    private var nodes: [Node] = []
    private var heap: [Entry] = []
    private var order = 0
    private var randomness: UInt64
    private let woken = Woken()
    private var time: Int64 = 0

    /// Microseconds of simulated time at which requests were admitted, in order.
    private(set) var admitted: [Int64] = []
    private(set) var refused = 0
    private(set) var statements = 0

    private final class Woken: Sendable {
        let flag = Atomic<Bool>(false)
    }

    init(_ setup: Setup) {
        self.setup = setup
        randomness = setup.seed &* 7_919 &+ 17
        let clock = clock
        store = InProcessRateLeases { Timestamp(microseconds: 1_000_000_000 + clock.time.load(ordering: .relaxed)) }
        let woken = woken
        for index in setup.demand.indices {
            let rate = LeasedRate(
                tenant: TenantID("acme000001")!, node: "node\(index)", limit: setup.limit
            ) { _ in woken.flag.store(true, ordering: .relaxed) }
            nodes.append(
                Node(
                    rate: rate, offset: Int64((uniform() * 2 - 1) * setup.clockError * 1_000_000) + 5_000_000_000,
                    speed: 1 + (uniform() * 2 - 1) * 1e-4))
            schedule(.arrival(index), after: gap(index))
            schedule(.tick(index), after: Int64(uniform() * 50_000))
        }
        if let moment = setup.amnesia { schedule(.amnesia, after: Int64(moment * 1_000_000)) }
        if let change = setup.change { schedule(.change, after: Int64(change.at * 1_000_000)) }
    }

    func run() {
        let end = Int64(setup.duration * 1_000_000)
        while let entry = pop(), entry.at < end {
            time = entry.at
            clock.time.store(time, ordering: .relaxed)
            handle(entry.event)
        }
    }

    // MARK: What came out

    /// The most requests that any 60 seconds saw.
    var mostInAnyWindow: Int {
        var most = 0
        var first = 0
        for (index, moment) in admitted.enumerated() {
            while admitted[first] <= moment - 60_000_000 { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    /// Requests admitted in the seconds from `start` on.
    func count(from start: Double, to end: Double) -> Int {
        admitted.count { $0 >= Int64(start * 1_000_000) && $0 < Int64(end * 1_000_000) }
    }

    /// How much of the quota passed, as a share: the time in which an exact limiter admits so many minutes' quotas over the
    /// time that these nodes took.
    func share(minutes: Int) -> Double {
        let place = minutes * setup.limit
        guard admitted.count > place else { return 0 }
        return Double(minutes) * 60_000_000 / Double(admitted[place] - admitted[0])
    }

    // MARK: Events

    private func handle(_ event: Event) {
        switch event {
        case .arrival(let index):
            guard isAlive(index) else { return }
            schedule(.arrival(index), after: gap(index))
            decide(index)
            if woken.flag.exchange(false, ordering: .relaxed) { fly(index, isAhead: true) }
        case .tick(let index):
            guard isAlive(index) else { return }
            schedule(.tick(index), after: 50_000)
            if nodes[index].rate.isDue(at: local(index)) { fly(index, isAhead: false) }
        case .statement(let index, let statement):
            guard !isDown else { return }
            statements += 1
            let grant = store.settled(statement, of: nodes[index].rate.tenant)
            if uniform() >= setup.loss { schedule(.reply(index, statement, grant), after: way()) }
        case .reply(let index, let statement, let grant):
            guard isAlive(index) else { return }
            guard nodes[index].flight == statement.sequence else { return }
            nodes[index].rate.finish(statement, grant, at: local(index))
            land(index)
        case .timeout(let index, let statement, let attempt):
            guard isAlive(index), nodes[index].flight == statement.sequence else { return }
            if attempt == 1 {
                send(statement, from: index, attempt: 2)
            } else if nodes[index].rate.fail(statement, nodes: nodes.count) {
                land(index)
            }
        case .amnesia: store.flush()
        case .change:
            for node in nodes { node.rate.setLimit(setup.change?.limit) }
        }
    }

    private func decide(_ index: Int) {
        switch nodes[index].rate.admit(at: local(index)) {
        case .admitted: admitted.append(time)
        case .denied: refused += 1
        case .undecided:
            nodes[index].waiting += 1
            fly(index, isAhead: true)
        }
    }

    private func fly(_ index: Int, isAhead: Bool) {
        guard nodes[index].flight == nil else { return }
        guard
            let statement = nodes[index].rate.begin(
                at: local(index), waiting: nodes[index].waiting, isAhead: isAhead, nodes: nodes.count)
        else { return }
        nodes[index].flight = statement.sequence
        send(statement, from: index, attempt: 1)
    }

    private func send(_ statement: LeaseStatement, from index: Int, attempt: Int) {
        if uniform() >= setup.loss { schedule(.statement(index, statement), after: way()) }
        schedule(.timeout(index, statement, attempt: attempt), after: 300_000)
    }

    private func land(_ index: Int) {
        nodes[index].flight = nil
        let waiting = nodes[index].waiting
        nodes[index].waiting = 0
        for _ in 0..<waiting { decide(index) }
    }

    // MARK: The world

    private var isDown: Bool { setup.outage?.contains(Double(time) / 1_000_000) ?? false }

    private func isAlive(_ index: Int) -> Bool {
        setup.deaths[index].map { Double(time) < $0 * 1_000_000 } ?? true
    }

    private func local(_ index: Int) -> Timestamp {
        Timestamp(microseconds: nodes[index].offset + Int64(Double(time) * nodes[index].speed))
    }

    private func way() -> Int64 { 50 + Int64(uniform() * setup.latency * 1000) }

    private func gap(_ index: Int) -> Int64 {
        guard setup.demand[index] > 0 else { return .max / 4 }
        return 1 + Int64(uniform() * 2_000_000 / setup.demand[index])
    }

    /// 0 to 1, from SplitMix64.
    private func uniform() -> Double {
        randomness &+= 0x9E37_79B9_7F4A_7C15
        var value = randomness
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((value ^ (value >> 31)) >> 11) / 0x1p53
    }

    private func schedule(_ event: Event, after delay: Int64) {
        order += 1
        heap.append(Entry(at: time + delay, order: order, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func pop() -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
