import Logging
import Synchronization

/// What the connections of a pool know together about the server: after a failure nobody knocks again at once, so that a
/// server that comes back is not run over, and callers hear of the failure without waiting for their own.
final class Reachability: Sendable {
    private struct State {
        var failures = 0
        var retryAt: ContinuousClock.Instant?
        var reason: ConnectFailure?
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant

    static let longestPause = Duration.seconds(2)

    init(logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock().now }) {
        self.logger = logger
        self.now = now
    }

    /// Why not to connect now; nil when it may be tried.
    var refusal: ConnectFailure? {
        state.withLock { state in
            guard let retryAt = state.retryAt, now() < retryAt else { return nil }
            return state.reason
        }
    }

    func failed(_ failure: ConnectFailure) {
        let count = state.withLock { state in
            state.failures += 1
            state.retryAt = now() + Self.pause(after: state.failures)
            state.reason = failure
            return state.failures
        }
        if count == 1 { logger.error("the database cannot be reached", metadata: ["reason": "\(failure.sentence)"]) }
    }

    func succeeded() {
        let count = state.withLock { state in
            defer { state = State() }
            return state.failures
        }
        if count > 0 { logger.notice("the database can be reached again", metadata: ["failed_attempts": "\(count)"]) }
    }

    /// 0.1, 0.2, 0.4, … at most 2 seconds.
    static func pause(after failures: Int) -> Duration {
        min(longestPause, .milliseconds(100) * (1 << min(max(0, failures - 1), 10)))
    }
}
