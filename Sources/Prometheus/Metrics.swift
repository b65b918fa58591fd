import Synchronization

/// A number that only grows, such as requests answered.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    package func add(_ amount: UInt64 = 1) { count.add(amount, ordering: .relaxed) }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down, such as open connections.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package func add(_ amount: Double) { bits.addDouble(amount) }

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts of values by size. A value falls into the first bucket whose bound is not below it.
package final class Histogram: Sendable {
    /// Upper bounds in rising order; a last bucket without a bound is added.
    package let bounds: [Double]
    private let buckets: [Counter]
    private let sumBits = Atomic<UInt64>(0)

    package init(bounds: [Double]) {
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index].add()
        sumBits.addDouble(value)
    }

    package var sum: Double { Double(bitPattern: sumBits.load(ordering: .relaxed)) }

    package var count: UInt64 { buckets.reduce(0) { $0 + $1.value } }

    /// Calls `body` with the number of each bucket and how many values were at most its bound; the last has them all.
    ///
    /// - Returns: how many values there were.
    func forEachCumulativeCount(_ body: (Int, UInt64) -> Void) -> UInt64 {
        var total: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            total += bucket.value
            body(index, total)
        }
        return total
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to a double kept as its bits.
    fileprivate borrowing func addDouble(_ amount: Double) {
        var old = load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, current) = compareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }
}
