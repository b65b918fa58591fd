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
///
/// The pointer never changes and leads to atomics only: hence `@unchecked Sendable`.
package final class Histogram: @unchecked Sendable {
    /// Upper bounds in rising order; a last bucket without a bound is added.
    package let bounds: [Double]
    /// The sum as the bits of a double, then the buckets: side by side, since thousands of tenants' are not in the cache.
    private let numbers: UnsafeMutablePointer<Atomic<UInt64>>
    /// The lines of the last rendering, with the count and the sum that it was made at.
    private let rendered = Mutex<(count: UInt64, sum: UInt64, lines: [UInt8])?>(nil)

    package init(bounds: [Double]) {
        self.bounds = bounds
        numbers = .allocate(capacity: bounds.count + 2)
        for index in 0..<bounds.count + 2 { (numbers + index).initialize(to: Atomic(0)) }
    }

    deinit {
        numbers.deinitialize(count: bounds.count + 2)
        numbers.deallocate()
    }

    package func observe(_ value: Double) { recorder.observe(value) }

    /// Counts without a look at the histogram itself, which whoever has it keeps.
    package var recorder: Recorder { Recorder(bounds: bounds, numbers: numbers) }

    package struct Recorder: @unchecked Sendable {
        fileprivate let bounds: [Double]
        fileprivate let numbers: UnsafeMutablePointer<Atomic<UInt64>>

        package func observe(_ value: Double) {
            var index = 0
            while index < bounds.count, value > bounds[index] { index += 1 }
            numbers[index + 1].add(1, ordering: .relaxed)
            numbers[0].addDouble(value)
        }

        /// Where it counts, to have the memory brought near.
        package var address: UnsafeRawPointer { UnsafeRawPointer(numbers) }
    }

    package var sum: Double { Double(bitPattern: numbers[0].load(ordering: .relaxed)) }

    package var count: UInt64 { forEachCumulativeCount { _, _ in } }

    /// Calls `body` with the number of each bucket and how many values were at most its bound; the last has them all.
    ///
    /// - Returns: how many values there were.
    func forEachCumulativeCount(_ body: (Int, UInt64) -> Void) -> UInt64 {
        var total: UInt64 = 0
        for index in 0...bounds.count {
            total += numbers[index + 1].load(ordering: .relaxed)
            body(index, total)
        }
        return total
    }

    /// Adds the lines that `render` makes, or those of the last time when no value has come since: of thousands of series most
    /// rest between two scrapes.
    func appendLines(to bytes: inout [UInt8], _ render: (inout [UInt8]) -> Void) {
        // Read before rendering: what comes meanwhile has the lines made anew next time.
        let (count, sum) = (count, numbers[0].load(ordering: .relaxed))
        rendered.withLock { rendered in
            if let rendered, rendered.count == count, rendered.sum == sum {
                bytes.append(contentsOf: rendered.lines)
                return
            }
            let start = bytes.count
            render(&bytes)
            rendered = (count, sum, Array(bytes[start...]))
        }
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
