package import Domain
import Synchronization

/// Rate accounts in this process: the reference that the Redis script follows step by step, with a clock that tests set.
package final class InProcessRateLeases: RateLeases {
    /// How the account measures. Times are in microseconds.
    package enum Measure {
        package static let window: Int64 = 60_000_000
        /// Reports that arrive within one slot leave the account together.
        package static let slot: Int64 = 100_000
        /// How long a node may use what it was granted.
        package static let lifetime: Int64 = 1_000_000
        /// How long a store that has lost its memory hands out little, so that nodes can tell it what they used.
        package static let recovery: Int64 = 1_000_000
        /// How long a node counts as alive after it said so.
        package static let alive: Int64 = 15_000_000
    }

    fileprivate struct Slot {
        /// The slot's number.
        let number: Int64
        var used: Int
    }

    fileprivate struct Holding {
        var sequence: Int
        var held: Int
        /// When the node may not use it any more.
        var end: Int64
    }

    fileprivate struct Account {
        let epoch: Int64
        let recoversUntil: Int64
        /// Oldest first.
        var slots: [Slot] = []
        var used = 0
        var held = 0
        var holdings: [String: Holding] = [:]
    }

    fileprivate struct State {
        var accounts: [TenantID: Account] = [:]
        var beats: [String: Int64] = [:]
        var epochs: Int64 = 0
    }

    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    /// - Parameter now: the store's own clock.
    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    package func settle(_ statement: LeaseStatement, of tenant: TenantID) async throws -> LeaseGrant {
        settled(statement, of: tenant)
    }

    /// As `settle`, at once.
    package func settled(_ statement: LeaseStatement, of tenant: TenantID) -> LeaseGrant {
        let now = now().microseconds
        return state.withLock { state in
            var account = state.accounts[tenant] ?? state.open(statement, at: now)
            defer { state.accounts[tenant] = account }
            return account.settle(statement, at: now)
        }
    }

    package func beat(node: String) async throws -> Int {
        let now = now().microseconds
        return state.withLock { state in
            state.beats[node] = now
            state.beats = state.beats.filter { $0.value > now - Measure.alive }
            return state.beats.count
        }
    }

    /// Forgets everything, as a store does that lost its memory.
    package func flush() {
        state.withLock { state in
            state.accounts = [:]
            state.beats = [:]
        }
    }
}

extension InProcessRateLeases.State {
    fileprivate mutating func open(_ statement: LeaseStatement, at now: Int64) -> InProcessRateLeases.Account {
        epochs += 1
        let hasLostMemory = statement.epoch != 0 && statement.recent > 0
        return InProcessRateLeases.Account(
            epoch: now &+ epochs, recoversUntil: hasLostMemory ? now + InProcessRateLeases.Measure.recovery : 0)
    }
}

extension InProcessRateLeases.Account {
    private typealias Measure = InProcessRateLeases.Measure

    fileprivate mutating func settle(_ statement: LeaseStatement, at now: Int64) -> LeaseGrant {
        forget(at: now)
        let isKnown = holdings[statement.node] != nil
        var granted = 0
        if statement.sequence > holdings[statement.node]?.sequence ?? 0 {
            held -= holdings[statement.node]?.held ?? 0
            let isStranger = !isKnown && statement.epoch != 0 && statement.epoch != epoch
            add(isStranger ? statement.recent : statement.used, at: now)
            let free = max(0, statement.limit - used - held - statement.kept)
            granted = min(statement.wanted, part(of: free, statement, at: now))
            holdings[statement.node] = InProcessRateLeases.Holding(
                sequence: statement.sequence, held: statement.kept + granted, end: now + Measure.lifetime)
            held += statement.kept + granted
        }
        let end = holdings[statement.node]?.end ?? now
        return LeaseGrant(
            granted: granted, lifetimeMicroseconds: end - now, taken: used + held,
            freeInMicroseconds: nextFree.map { max(0, $0 - now) }, epoch: epoch)
    }

    /// The nearer the end, the smaller the part, so that no node sits on the last of the quota while another has none.
    private func part(of free: Int, _ statement: LeaseStatement, at now: Int64) -> Int {
        let nodes = max(1, statement.nodes)
        if now < recoversUntil { return min(free, max(1, statement.limit / (120 * nodes))) }
        return min(free, max(1, statement.limit / 1000, free / (2 * nodes)))
    }

    private mutating func add(_ count: Int, at now: Int64) {
        guard count > 0 else { return }
        used += count
        let number = now / Measure.slot
        if let last = slots.last, last.number >= number {
            slots[slots.count - 1].used += count
        } else {
            slots.append(InProcessRateLeases.Slot(number: number, used: count))
        }
    }

    private mutating func forget(at now: Int64) {
        while let first = slots.first, Self.end(first) <= now {
            used -= first.used
            slots.removeFirst()
        }
        for (node, holding) in holdings where holding.end + Measure.window <= now {
            held -= holding.held
            holdings[node] = nil
        }
    }

    /// When a slot is out of every window that now ends.
    private static func end(_ slot: InProcessRateLeases.Slot) -> Int64 {
        (slot.number + 1) * Measure.slot + Measure.window
    }

    private var nextFree: Int64? { slots.first.map(Self.end) }
}
