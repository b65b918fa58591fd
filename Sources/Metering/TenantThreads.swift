package import Domain
import Foundation
import Synchronization

/// A few threads for computing that takes long, such as compiling a workspace, apart from those that all requests share and
/// behind them.
/// Tenants take turns, and one tenant's work is done one piece after the other: however much of it waits, another's next
/// piece waits for at most one piece of each of the others.
package final class TenantThreads: Sendable {
    private typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [TenantID: [Work]] = [:]
        /// Tenants with waiting work and none in hand, in the order of their turns.
        var turns: [TenantID] = []
        var threads = 0
        var idle = 0
        var inHand = 0
    }

    /// Pieces of one tenant that may wait.
    private let maxWaiting: Int
    private let maxThreads: Int
    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - threads: how many; started when there is work for them.
    ///   - maxWaiting: pieces of one tenant that may wait.
    package init(threads: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2), maxWaiting: Int = 64) {
        maxThreads = threads
        self.maxWaiting = maxWaiting
    }

    /// The tenant has as much work waiting as it may.
    package struct Overload: Error, Sendable {}

    /// - Throws: what `body` throws; `Overload`.
    package func run<Result: Sendable>(
        for tenant: TenantID, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let work: Work = { continuation.resume(with: Swift.Result(catching: body)) }
            if !enqueue(work, tenant) { continuation.resume(throwing: Overload()) }
        }
    }

    /// Pieces that wait for their turn.
    package var waitingCount: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }
    /// Whether every thread has work in hand.
    package var isBusy: Bool { state.withLock { $0.threads > 0 && $0.inHand == $0.threads } }

    private func enqueue(_ work: @escaping Work, _ tenant: TenantID) -> Bool {
        let place = state.withLock { state -> Place in
            if let queue = state.waiting[tenant] {
                guard queue.count < maxWaiting else { return .refused }
                // Something of the tenant is in hand or in line already; the thread that has it goes on with this.
                state.waiting[tenant] = queue + [work]
                return .behindItsOwn
            }
            state.waiting[tenant] = [work]
            state.turns.append(tenant)
            guard state.idle < state.turns.count, state.threads < maxThreads else { return .inLine }
            state.threads += 1
            return .needsThread
        }
        switch place {
        case .refused: return false
        case .behindItsOwn: return true
        case .needsThread: Thread.detachNewThread { self.serve() }
        case .inLine: break
        }
        signal.signal()
        return true
    }

    private enum Place {
        case refused, behindItsOwn, inLine, needsThread
    }

    private func serve() {
        ThreadPriority.lower()
        while true {
            state.withLock { $0.idle += 1 }
            signal.wait()
            let next = state.withLock { state -> (TenantID, Work)? in
                state.idle -= 1
                guard !state.turns.isEmpty else { return nil }
                let tenant = state.turns.removeFirst()
                guard let work = state.waiting[tenant]?.removeFirst() else { return nil }
                state.inHand += 1
                return (tenant, work)
            }
            guard let (tenant, work) = next else { continue }
            work()
            let hasMore = state.withLock { state in
                state.inHand -= 1
                if state.waiting[tenant]?.isEmpty ?? true {
                    state.waiting[tenant] = nil
                    return false
                }
                state.turns.append(tenant)
                return true
            }
            if hasMore { signal.signal() }
        }
    }
}
