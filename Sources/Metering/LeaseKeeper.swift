package import Domain
package import Logging
package import Persistence
import ServiceLifecycle
import Synchronization

/// Keeps this node's leases: asks for more ahead of need, reports what was used, gives back what was not, and says that the
/// node lives. While the store of leases does not answer, tenants are served from a share of their quota.
package final class LeaseKeeper: Service {
    /// How often leases are looked at.
    private static let pace = Duration.milliseconds(50)
    private static let beatPace: Int64 = 3_000_000
    /// How often a store that does not answer is tried.
    private static let probePace: Int64 = 500_000
    private static let warningPace: Int64 = 60_000_000

    private struct State {
        /// Those that hold or owe something.
        var active: [TenantID: LeasedRate] = [:]
        /// Tenants with a statement under way, and who waits for its answer.
        var flights: [TenantID: [CheckedContinuation<Void, Never>]] = [:]
        var warnedAt = Int64.min
        var isWarningOpen = false
    }

    private let leases: any RateLeases
    private let surroundings: Surroundings
    private let shares: Int?
    private let logger: Logger
    /// Names this run of this process.
    package let node: String
    private let state = Mutex(State())
    private let nodes = Atomic<Int>(1)
    private let isDown = Atomic<Bool>(false)
    private let granted = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)

    /// - Parameter shares: among how many nodes a quota is shared while the store does not answer; nil for as many as were
    ///   last known to live.
    package init(leases: any RateLeases, surroundings: Surroundings, shares: Int? = nil, logger: Logger) {
        self.leases = leases
        self.surroundings = surroundings
        self.shares = shares
        self.logger = logger
        node = String(surroundings.random(), radix: 36)
    }

    // MARK: Figures

    /// Nodes that were last known to live, this one included.
    package var liveNodes: Int { nodes.load(ordering: .relaxed) }
    /// Whether tenants are served from a share because the store does not answer.
    package var isCutOff: Bool { isDown.load(ordering: .relaxed) }
    /// Requests that leases were granted for, statements that got nothing though they asked, statements that failed.
    package var figures: (granted: Int, refused: Int, failed: Int) {
        (granted.load(ordering: .relaxed), refused.load(ordering: .relaxed), failed.load(ordering: .relaxed))
    }

    // MARK: Leases

    /// A tenant's rate on this node.
    package func rate(of tenant: TenantID, limit: Int?) -> LeasedRate {
        LeasedRate(tenant: tenant, node: node, limit: limit) { [weak self] rate in
            self?.launch(rate, waiter: nil, isAhead: true)
        }
    }

    /// Waits for the answer to a statement about the tenant; several requests share one.
    package func lease(_ rate: LeasedRate) async {
        if isCutOff {
            rate.cutOff(nodes: shares ?? liveNodes)
            return
        }
        await withCheckedContinuation { launch(rate, waiter: $0, isAhead: true) }
    }

    private func launch(_ rate: LeasedRate, waiter: CheckedContinuation<Void, Never>?, isAhead: Bool) {
        let starts = state.withLock { state in
            state.active[rate.tenant] = rate
            if state.flights[rate.tenant] != nil {
                if let waiter { state.flights[rate.tenant]?.append(waiter) }
                return false
            }
            state.flights[rate.tenant] = waiter.map { [$0] } ?? []
            return true
        }
        if starts { Task { await self.fly(rate, isAhead: isAhead) } }
    }

    private func fly(_ rate: LeasedRate, isAhead: Bool) async {
        let waiting = state.withLock { $0.flights[rate.tenant]?.count ?? 0 }
        if let statement = rate.begin(
            at: surroundings.now(), waiting: waiting, isAhead: isAhead, nodes: liveNodes)
        {
            do {
                let grant = try await settle(statement, of: rate.tenant)
                rate.finish(statement, grant, at: surroundings.now())
                granted.add(grant.granted, ordering: .relaxed)
                if statement.wanted > 0, grant.granted == 0 { refused.add(1, ordering: .relaxed) }
            } catch {
                rate.fail(statement, nodes: shares ?? liveNodes)
                failed.add(1, ordering: .relaxed)
                noteOutage(error)
            }
        }
        let waiters = state.withLock { state in
            if rate.isAtRest { state.active[rate.tenant] = nil }
            return state.flights.removeValue(forKey: rate.tenant) ?? []
        }
        for waiter in waiters { waiter.resume() }
    }

    /// A statement that got no answer is said once more: saying it twice has the effect of once.
    private func settle(_ statement: LeaseStatement, of tenant: TenantID) async throws -> LeaseGrant {
        do { return try await leases.settle(statement, of: tenant) } catch {
            return try await leases.settle(statement, of: tenant)
        }
    }

    // MARK: Background

    /// Looks after the leases until shutdown. What is held then ends by itself.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastBeat = Int64.min
            while !Task.isCancelled {
                let now = self.surroundings.now().microseconds
                let pace = self.isCutOff ? Self.probePace : Self.beatPace
                if lastBeat == .min || now - lastBeat >= pace || now < lastBeat {
                    lastBeat = now
                    await self.beat()
                }
                if !self.isCutOff { self.settleDue() }
                try? await Task.sleep(for: Self.pace)
            }
        }
    }

    /// Says that this node lives, and hears how many others do.
    package func beat() async {
        do {
            nodes.store(max(1, try await leases.beat(node: node)), ordering: .relaxed)
            noteRecovery()
        } catch {
            noteOutage(error)
        }
    }

    private func settleDue() {
        let now = surroundings.now()
        let due = state.withLock { $0.active.values.filter { $0.isDue(at: now) } }
        for rate in due { launch(rate, waiter: nil, isAhead: false) }
    }

    private func noteOutage(_ error: any Error) {
        isDown.store(true, ordering: .relaxed)
        let now = surroundings.now().microseconds
        let warns = state.withLock { state in
            guard !state.isWarningOpen else { return false }
            state.isWarningOpen = true
            guard state.warnedAt == .min || now - state.warnedAt >= Self.warningPace else { return false }
            state.warnedAt = now
            return true
        }
        guard warns else { return }
        logger.warning(
            "the store of rate leases does not answer; each node serves tenants from its share of their quota",
            metadata: ["error": "\(error)", "shares": "\(shares ?? liveNodes)"])
    }

    private func noteRecovery() {
        guard isDown.exchange(false, ordering: .relaxed) else { return }
        state.withLock { $0.isWarningOpen = false }
        logger.notice("the store of rate leases answers again")
    }
}
