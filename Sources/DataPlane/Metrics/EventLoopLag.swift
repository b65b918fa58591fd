import NIOCore
import Synchronization

/// How long the event loops that have connections keep a task waiting: the time in which no request is answered.
final class EventLoopLag: Sendable {
    private let loops = Mutex<[ObjectIdentifier: any EventLoop]>([:])

    /// Has the loop measured from now on.
    func include(_ loop: any EventLoop) {
        loops.withLock { $0[ObjectIdentifier(loop)] = loop }
    }

    /// The longest wait of a task handed to each loop now; zero without connections.
    func measure() async -> Duration {
        var longest = Duration.zero
        for loop in loops.withLock({ Array($0.values) }) {
            let start = ContinuousClock.now
            let lag = try? await loop.submit { ContinuousClock.now - start }.get()
            longest = max(longest, lag ?? .zero)
        }
        return longest
    }
}
