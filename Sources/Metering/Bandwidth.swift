package import Domain
import Synchronization

/// What one tenant's bodies may take of the wire on this node: a number of kilobits a second, of which ten seconds' worth
/// may go at once. A body is paid for when it has gone, so that a large one passes and what comes after it waits.
package struct Bandwidth: ~Copyable, Sendable {
    private static let burst: Int64 = 10_000_000

    /// 0 for unlimited.
    private let kilobits: Atomic<Int>
    /// Until when, in microseconds since 1970, everything that has gone is paid for.
    private let paidFrom = Atomic<Int64>(0)

    /// - Parameter kilobits: a second; nil for unlimited.
    package init(kilobits: Int? = nil) { self.kilobits = Atomic(kilobits ?? 0) }

    package func setLimit(_ kilobits: Int?) {
        self.kilobits.store(kilobits.map { max(1, $0) } ?? 0, ordering: .relaxed)
    }

    /// Kilobits a second; nil when unlimited.
    package var limit: Int? {
        let kilobits = kilobits.load(ordering: .relaxed)
        return kilobits == 0 ? nil : kilobits
    }

    /// Counts bytes that have come or gone.
    package func pay(_ bytes: Int, at now: Timestamp) {
        let kilobits = kilobits.load(ordering: .relaxed)
        guard kilobits > 0, bytes > 0 else { return }
        let cost = Int64(bytes) * 8_000 / Int64(kilobits)
        var seen = paidFrom.load(ordering: .relaxed)
        while true {
            let (exchanged, current) = paidFrom.weakCompareExchange(
                expected: seen, desired: max(seen, now.microseconds) + cost, ordering: .relaxed)
            if exchanged { return }
            seen = current
        }
    }

    /// Whole seconds, rounded up, until more may go; nil when it may now.
    package func wait(at now: Timestamp) -> Int? {
        guard kilobits.load(ordering: .relaxed) > 0 else { return nil }
        let excess = paidFrom.load(ordering: .relaxed) - now.microseconds - Self.burst
        return excess > 0 ? Int((excess + 999_999) / 1_000_000) : nil
    }
}
