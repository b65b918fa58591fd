package import Domain
package import Persistence
import Synchronization

/// One tenant's request rate on one of several nodes: admits from a lease, says when to ask for more, and falls back to a
/// share of the quota while the store of leases does not answer.
///
/// The usual request takes one atomic. What is asked of the store and what its answer means is decided here without
/// waiting; `LeaseKeeper` does the waiting. All times are this node's; only differences of it are used.
package final class LeasedRate: Sendable {
    private static let unlimited = Int.max
    /// A lease ends this much earlier here, for clocks that run at different speeds (microseconds).
    private static let guardTime: Int64 = 5_000
    /// The longest that a refusal is repeated without asking again: what other nodes give back comes unannounced.
    private static let longestRefusal: Int64 = 100_000
    /// The account hears what was used after this long, sooner where the quota is nearly used up.
    private static let settleTime: Int64 = 500_000
    private static let settleTimeNearEnd: Int64 = 100_000
    /// How far ahead a lease should reach.
    private static let horizon: Int64 = 300_000
    private static let horizonNearEnd: Int64 = 50_000
    private static let never = Int64.min

    package let tenant: TenantID
    private let node: String
    private let limit: Atomic<Int>
    /// What may be admitted until `endsAt`.
    private let tokens = Atomic<Int>(0)
    private let endsAt = Atomic<Int64>(never)
    /// Until then an empty lease means no.
    private let refusedUntil = Atomic<Int64>(never)
    /// When a part of the quota gets free.
    private let freeAt = Atomic<Int64>(never)
    /// At this many tokens it is time to ask for more; -1 for never.
    private let lowWater = Atomic<Int>(-1)
    /// Used in 60 seconds over all nodes, held leases included, as of the last answer.
    private let taken = Atomic<Int>(0)
    private let isCutOff = Atomic<Bool>(false)
    /// Called when the lease runs low; must return at once.
    private let wake: @Sendable (LeasedRate) -> Void
    private let state: Mutex<State>

    fileprivate struct State {
        var sequence = 0
        var epoch: Int64 = 0
        /// What the account takes this node to hold: tokens, and what was used of them since.
        var held = 0
        /// Used, and perhaps not on the account yet.
        var carry = 0
        var asked: LeaseStatement?
        var askedAt: Int64 = 0
        var settledAt: Int64 = LeasedRate.never
        /// Requests a second, smoothed.
        var rate = 0.0
        var lastGrant = 0
        /// What was reported, by time, for 60 seconds.
        var reports: [(at: Int64, used: Int)] = []
        /// Admits while the store does not answer.
        var share: QuotaShare?
        /// What the share had admitted when the statement under way was written.
        var shared = QuotaShare.Admissions()
        /// Admitted by a share that is over. The node says that it holds as many until they are 60 seconds old: they count
        /// as long as they must, and no longer.
        var past: [(at: Int64, count: Int)] = []
    }

    /// - Parameter limit: requests in 60 seconds over all nodes; nil for unlimited.
    package init(
        tenant: TenantID, node: String, limit: Int?, wake: @escaping @Sendable (LeasedRate) -> Void = { _ in }
    ) {
        self.tenant = tenant
        self.node = node
        self.limit = Atomic(limit ?? Self.unlimited)
        self.wake = wake
        state = Mutex(State())
    }

    /// Takes effect with the next request: what is held was granted under the old limit and is not used any more.
    package func setLimit(_ limit: Int?) {
        let limit = limit ?? Self.unlimited
        guard self.limit.exchange(limit, ordering: .relaxed) != limit else { return }
        state.withLock { $0.share = nil }
        endsAt.store(Self.never, ordering: .relaxed)
        refusedUntil.store(Self.never, ordering: .relaxed)
    }

    // MARK: A request

    package func admit(at now: Timestamp) -> RateVerdict {
        let limit = limit.load(ordering: .relaxed)
        if limit == Self.unlimited { return .admitted }
        if limit == 0 { return .denied(RateStanding(limit: 0, remaining: 0, resetSeconds: 60)) }
        let now = now.microseconds
        if now < endsAt.load(ordering: .acquiring) {
            var count = tokens.load(ordering: .relaxed)
            while count > 0 {
                let (exchanged, seen) = tokens.weakCompareExchange(
                    expected: count, desired: count - 1, ordering: .relaxed)
                if exchanged {
                    if count - 1 == lowWater.load(ordering: .relaxed) { wake(self) }
                    return .admitted
                }
                count = seen
            }
        }
        if isCutOff.load(ordering: .relaxed) {
            if let share = state.withLock({ $0.share }) { return verdict(of: share, limit, at: now) }
        }
        if now < refusedUntil.load(ordering: .relaxed) { return .denied(standing(limit, at: now)) }
        return .undecided
    }

    /// What a refusal would say, if the request is refused for certain. Counts nothing.
    package func refusal(at now: Timestamp) -> RateStanding? {
        let now = now.microseconds
        guard now < refusedUntil.load(ordering: .relaxed), !isCutOff.load(ordering: .relaxed),
            tokens.load(ordering: .relaxed) <= 0 || now >= endsAt.load(ordering: .relaxed)
        else { return nil }
        return standing(limit.load(ordering: .relaxed), at: now)
    }

    private func verdict(of share: QuotaShare, _ limit: Int, at now: Int64) -> RateVerdict {
        switch share.admit(at: Timestamp(microseconds: now)) {
        case .denied(let standing):
            .denied(RateStanding(limit: limit, remaining: 0, resetSeconds: standing.resetSeconds))
        case .admitted: .admitted
        case .undecided: .undecided
        }
    }

    package func standing(at now: Timestamp) -> RateStanding {
        standing(limit.load(ordering: .relaxed), at: now.microseconds)
    }

    private func standing(_ limit: Int, at now: Int64) -> RateStanding {
        if limit == Self.unlimited { return RateStanding(limit: nil, remaining: nil, resetSeconds: 0) }
        let free = freeAt.load(ordering: .relaxed)
        return RateStanding(
            limit: limit, remaining: max(0, limit - used), resetSeconds: Int(max(1, (free - now + 999_999) / 1_000_000))
        )
    }

    /// Requests in 60 seconds over all nodes, as of the last answer of the store.
    package var used: Int { taken.load(ordering: .relaxed) }

    /// Whether the tenant is served from a share because the store does not answer.
    package var isServedFromShare: Bool { isCutOff.load(ordering: .relaxed) }

    // MARK: The account

    /// The next statement, if there is something to say or to ask for and none is under way.
    ///
    /// - Parameters:
    ///   - waiting: requests that wait for the answer.
    ///   - isAhead: the lease runs low, though nobody waits.
    ///   - nodes: nodes that are known to live.
    package func begin(at now: Timestamp, waiting: Int = 0, isAhead: Bool = false, nodes: Int) -> LeaseStatement? {
        let now = now.microseconds
        let limit = limit.load(ordering: .relaxed)
        return state.withLock { state in
            guard state.asked == nil else { return nil }
            let isOver = now >= endsAt.load(ordering: .relaxed)
            let isNearEnd = used >= limit - limit / 10
            let hasUsed = state.held > tokens.load(ordering: .relaxed) || state.carry > 0
            let asks = waiting > 0 || isAhead
            guard asks || isDue(state, at: now) else { return nil }
            // Nothing used for a whole period: what is left goes back.
            let gives = limit == Self.unlimited || isOver || !asks && !hasUsed
            let kept = gives ? 0 : tokens.load(ordering: .relaxed)
            let rest = gives ? tokens.exchange(0, ordering: .relaxed) : kept
            let spent = max(0, state.held - rest)
            state.note(spent, at: now)
            state.shared = state.share?.admissions ?? QuotaShare.Admissions()
            state.past.removeAll { $0.at <= now - 60_000_000 }
            let bygone = (state.past + state.shared.recent.filter { $0.at > now - 60_000_000 })
                .reduce(0) { $0 + $1.count }
            // By the clock, so that a tenant that was forgotten and comes back goes on where it was.
            state.sequence = max(state.sequence + 1, Int(now))
            let reported = spent + state.carry
            let statement = LeaseStatement(
                node: node, sequence: state.sequence, limit: limit == Self.unlimited ? 0 : limit, used: reported,
                kept: kept + bygone, wanted: wanted(state, kept, waiting, isAhead, isNearEnd, limit),
                recent: state.recent(at: now) + reported, epoch: state.epoch, nodes: nodes)
            state.held = kept
            state.carry = 0
            state.asked = statement
            state.askedAt = now
            return statement
        }
    }

    /// Whether it is time to report what was used, or to give back what was not.
    package func isDue(at now: Timestamp) -> Bool {
        state.withLock { $0.asked == nil && isDue($0, at: now.microseconds) }
    }

    private func isDue(_ state: State, at now: Int64) -> Bool {
        guard state.held > 0 || state.carry > 0 || state.share != nil || !state.past.isEmpty else { return false }
        let limit = limit.load(ordering: .relaxed)
        let pause = used >= limit - limit / 10 ? Self.settleTimeNearEnd : Self.settleTime
        return state.settledAt == Self.never || now - state.settledAt >= pause
    }

    private func wanted(
        _ state: State, _ kept: Int, _ waiting: Int, _ isAhead: Bool, _ isNearEnd: Bool, _ limit: Int
    ) -> Int {
        if limit == Self.unlimited { return 0 }
        let horizon = Double(isNearEnd ? Self.horizonNearEnd : Self.horizon) / 1_000_000
        var goal = Int(state.rate * horizon)
        if waiting > 0 {
            // The last lease did not reach: twice as much, but near the end only what is needed now.
            goal = max(goal, isNearEnd ? waiting : max(waiting + 4, 2 * state.lastGrant))
        } else if !isAhead {
            // A settlement asks for nothing of its own accord unless requests come thick.
            goal = isNearEnd ? 0 : goal
        } else {
            goal = max(goal, state.lastGrant)
        }
        return min(max(0, goal - kept), limit)
    }

    /// The store has answered.
    package func finish(_ statement: LeaseStatement, _ grant: LeaseGrant, at now: Timestamp) {
        let now = now.microseconds
        state.withLock { state in
            guard state.asked?.sequence == statement.sequence else { return }
            state.asked = nil
            state.settledAt = now
            if statement.used > 0 { state.reports.append((now, statement.used)) }
            state.epoch = grant.epoch
            if let share = state.share {
                state.past += state.shared.recent
                state.carry += share.admissions.total - state.shared.total
                state.share = nil
                isCutOff.store(false, ordering: .relaxed)
            }
            taken.store(grant.taken, ordering: .relaxed)
            let limit = limit.load(ordering: .relaxed)
            state.held += grant.granted
            state.lastGrant = grant.granted
            // Granted under a limit that no longer holds: goes back unused with the next statement.
            let isOutdated = limit != statement.limit
            tokens.add(grant.granted, ordering: .relaxed)
            endsAt.store(
                isOutdated ? Self.never : state.askedAt + grant.lifetimeMicroseconds - Self.guardTime,
                ordering: .releasing)
            let isUsedUp = grant.taken >= limit
            lowWater.store(!isUsedUp && grant.granted >= 8 ? grant.granted / 2 : -1, ordering: .relaxed)
            let wait = grant.freeInMicroseconds ?? Self.longestRefusal
            freeAt.store(now + wait, ordering: .relaxed)
            let isRefused = isUsedUp && grant.granted < statement.wanted && !isOutdated
            refusedUntil.store(
                isRefused ? now + min(max(wait, 1000), Self.longestRefusal) : Self.never, ordering: .relaxed)
        }
    }

    /// The store has not answered: serves from what is held, and then from a share of the quota.
    ///
    /// - Parameter nodes: among how many the quota is shared.
    /// - Returns: false when the answer had come after all.
    @discardableResult
    package func fail(_ statement: LeaseStatement, nodes: Int) -> Bool {
        state.withLock { state in
            guard state.asked?.sequence == statement.sequence else { return false }
            state.asked = nil
            // The account may have it already; twice is safe.
            state.carry += statement.used
            cutOff(&state, nodes)
            return true
        }
    }

    /// The store is known not to answer.
    package func cutOff(nodes: Int) {
        state.withLock { cutOff(&$0, nodes) }
    }

    private func cutOff(_ state: inout State, _ nodes: Int) {
        let limit = limit.load(ordering: .relaxed)
        guard limit != Self.unlimited else { return }
        if state.share == nil { state.share = QuotaShare(limit: limit, nodes: nodes) }
        isCutOff.store(true, ordering: .relaxed)
    }

    /// Whether nothing is held, owed or under way, so that nobody has to look after the tenant until its next request.
    package var isAtRest: Bool {
        state.withLock { $0.held == 0 && $0.carry == 0 && $0.asked == nil && $0.share == nil && $0.past.isEmpty }
    }
}

extension LeasedRate.State {
    /// Smooths the rate over about three statements.
    fileprivate mutating func note(_ used: Int, at now: Int64) {
        let passed = Double(max(1000, now - max(settledAt, now - 1_000_000))) / 1_000_000
        rate += (Double(used) / passed - rate) * 0.4
    }

    /// What was reported in the last 60 seconds.
    fileprivate mutating func recent(at now: Int64) -> Int {
        while let first = reports.first, first.at <= now - 60_000_000 { reports.removeFirst() }
        return reports.reduce(0) { $0 + $1.used }
    }
}
