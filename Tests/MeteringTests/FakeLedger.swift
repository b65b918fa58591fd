import Domain
import Metering
import Persistence
import Synchronization

/// A ledger in memory that can be told to fail, before or after it has taken a window.
final class FakeLedger: Sendable {
    enum Failure: Error { case beforeCommit, afterCommit }

    private struct State {
        var windows: Set<UsageWindow> = []
        var records: [UsageRecord] = []
        var failure: Failure?
    }

    private let state = Mutex(State())

    func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }

    var requests: Int { state.withLock { $0.records.reduce(0) { $0 + $1.requests } } }
    var records: [UsageRecord] { state.withLock { $0.records } }

    func add(_ records: [UsageRecord], _ window: UsageWindow) throws {
        try state.withLock { state in
            if state.failure == .beforeCommit { throw Failure.beforeCommit }
            if state.windows.insert(window).inserted { state.records += records }
            if state.failure == .afterCommit { throw Failure.afterCommit }
        }
    }
}
