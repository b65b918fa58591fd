import Domain
import Testing

@Suite struct DurationHistogramTests {
    @Test func `every duration falls into the first bucket whose bound is not below it`() {
        let bounds = DurationHistogram.bounds
        #expect(bounds.count == DurationHistogram.bucketCount - 1)
        #expect(bounds == bounds.sorted())
        for duration in bounds.flatMap({ [$0 - 1, $0, $0 + 1] }) + [-5, 0, 1, Int.max] {
            let expected = bounds.firstIndex { max(0, duration) <= $0 } ?? bounds.count
            #expect(DurationHistogram.bucket(of: duration) == expected, "\(duration)")
        }
    }

    @Test func `the histogram of two halves is the histogram of the whole`() {
        var (first, second, whole) = (DurationHistogram(), DurationHistogram(), DurationHistogram())
        for duration in stride(from: 1, to: 3_000_000, by: 7919) {
            whole.add(duration)
            if duration % 2 == 0 { first.add(duration) } else { second.add(duration) }
        }
        first.add(second)
        #expect(first == whole)
    }

    @Test(arguments: [0.5, 0.95, 0.99])
    func `a quantile is within its bucket's width of the truth`(share: Double) throws {
        var histogram = DurationHistogram()
        let durations = (1...5000).map { $0 * $0 / 10 + 10 }
        for duration in durations { histogram.add(duration) }
        let truth = Double(durations[Int(Double(durations.count) * share) - 1])
        let read = Double(try #require(histogram.quantile(share, longest: durations.last ?? 0)))
        #expect(read / truth < 1.79 && truth / read < 1.79)
    }

    @Test func `no quantile is above the longest duration, and nothing has none`() {
        var histogram = DurationHistogram()
        #expect(histogram.quantile(0.5, longest: 0) == nil)
        histogram.add(4000)
        #expect(histogram.quantile(0.99, longest: 4000) == 4000)
        histogram.add(400_000_000)
        #expect(histogram.quantile(1, longest: 400_000_000) == 400_000_000)
    }
}
