/// How often something took how long: 32 buckets, four for each power of ten from 6 µs to 178 s and one beyond. Two
/// histograms add up exactly, which means and quantiles do not; that is why usage is stored as one.
package struct DurationHistogram: Sendable, Hashable {
    package static let bucketCount = 32

    /// The longest duration of each bucket in microseconds; the last bucket has none.
    package static let bounds: [Int] = [
        6, 10, 18, 32, 56, 100, 178, 316, 562, 1000, 1778, 3162, 5623, 10_000, 17_783, 31_623, 56_234, 100_000, 177_828,
        316_228, 562_341, 1_000_000, 1_778_279, 3_162_278, 5_623_413, 10_000_000, 17_782_794, 31_622_777, 56_234_133,
        100_000_000, 177_827_941,
    ]

    /// For each bit width of a duration the first bucket that can hold it: at most two comparisons are then left.
    private static let firstBucket: [UInt8] = (0...Int.bitWidth).map { width in
        let least = width == 0 ? 0 : width > 62 ? Int.max : 1 << (width - 1)
        return UInt8(bounds.firstIndex { least <= $0 } ?? bucketCount - 1)
    }

    package static func bucket(of microseconds: Int) -> Int {
        let duration = max(0, microseconds)
        var bucket = Int(firstBucket[Int.bitWidth - duration.leadingZeroBitCount])
        while bucket < bounds.count, duration > bounds[bucket] { bucket += 1 }
        return bucket
    }

    /// How many fell into each bucket.
    package private(set) var counts: [Int]

    package init() { counts = Array(repeating: 0, count: Self.bucketCount) }

    /// Nil unless there is one count for each bucket.
    package init?(counts: [Int]) {
        guard counts.count == Self.bucketCount else { return nil }
        self.counts = counts
    }

    package var total: Int { counts.reduce(0, +) }

    package mutating func add(_ microseconds: Int, times: Int = 1) { counts[Self.bucket(of: microseconds)] += times }

    package mutating func add(_ other: DurationHistogram) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
    }

    /// The duration in microseconds that `share` (0 to 1) of all did not exceed, read off within its bucket: at most a
    /// factor of 1.78 from the truth, and never above `longest`. Nil when nothing was counted.
    package func quantile(_ share: Double, longest: Int) -> Int? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, (share * Double(total)).rounded(.up))
        var below = 0.0
        for bucket in counts.indices where counts[bucket] > 0 {
            let count = Double(counts[bucket])
            guard below + count >= rank else {
                below += count
                continue
            }
            let lower = Double(bucket == 0 ? 0 : Self.bounds[bucket - 1])
            let upper = Double(min(longest, bucket < Self.bounds.count ? Self.bounds[bucket] : longest))
            return Int((lower + max(0, upper - lower) * (rank - below) / count).rounded())
        }
        return longest
    }
}
