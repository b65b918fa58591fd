import Synchronization

/// The waits for database connections of one process: how many transactions wait now, and what all since the start took.
///
/// A driver tells of each transaction, from when it was asked for until a connection works on it or it was given up.
package final class ConnectionWaits: Sendable {
    private let started = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)
    private let waitedMicroseconds = Atomic<Int>(0)

    package init() {}

    /// Transactions that wait now.
    package var waiting: Int { max(0, total - ended.load(ordering: .relaxed)) }
    /// Transactions asked for.
    package var total: Int { started.load(ordering: .relaxed) }
    /// What those that wait no more have waited together.
    package var seconds: Double { Double(waitedMicroseconds.load(ordering: .relaxed)) / 1_000_000 }

    package func begin() -> Wait {
        started.add(1, ordering: .relaxed)
        return Wait(self)
    }

    /// One transaction's wait. Ending it again changes nothing.
    package final class Wait: Sendable {
        private let waits: ConnectionWaits
        private let start = ContinuousClock().now
        private let isOver = Atomic<Bool>(false)

        fileprivate init(_ waits: ConnectionWaits) { self.waits = waits }

        package func end() {
            guard !isOver.exchange(true, ordering: .relaxed) else { return }
            let time = ContinuousClock().now - start
            waits.waitedMicroseconds.add(Int(time / .microseconds(1)), ordering: .relaxed)
            waits.ended.add(1, ordering: .relaxed)
        }
    }
}
