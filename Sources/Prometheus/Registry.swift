import Synchronization

/// The metrics of one process and their text form (Prometheus exposition format 0.0.4). Knows nothing of the product.
package final class Registry: Sendable {
    /// The media type of `text()`.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private struct State {
        var names: Set<String> = []
        var writers: [@Sendable (inout [UInt8]) -> Void] = []
        var collectors: [@Sendable () -> Void] = []
        /// Bytes of the last rendering.
        var size = 16_384
    }

    private let state = Mutex(State())

    package init() {}

    package func counters(
        _ name: String, help: String, labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Counter> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Counter() }
        let sample = Array(name.utf8)
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "counter", to: &bytes)
            for series in family.sortedSeries {
                TextFormat.sample(sample, series.labels, to: &bytes) {
                    TextFormat.number(series.metric.value, to: &$0)
                }
            }
        }
        return family
    }

    package func gauges(
        _ name: String, help: String, labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Gauge> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Gauge() }
        let sample = Array(name.utf8)
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "gauge", to: &bytes)
            for series in family.sortedSeries {
                TextFormat.sample(sample, series.labels, to: &bytes) {
                    TextFormat.number(series.metric.value, to: &$0)
                }
            }
        }
        return family
    }

    package func histograms(
        _ name: String, help: String, buckets: [Double], labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Histogram> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Histogram(bounds: buckets) }
        let edges = (buckets + [.infinity]).map { bound in
            var text: [UInt8] = []
            TextFormat.number(bound, to: &text)
            return TextFormat.labels(["le"], [String(decoding: text, as: UTF8.self)])
        }
        let (bucket, sum, count) = (
            Array("\(name)_bucket".utf8), Array("\(name)_sum".utf8), Array("\(name)_count".utf8)
        )
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "histogram", to: &bytes)
            for series in family.sortedSeries {
                let histogram = series.metric
                histogram.appendLines(to: &bytes) { bytes in
                    let total = histogram.forEachCumulativeCount { index, value in
                        TextFormat.sample(bucket, series.labels, edge: edges[index], to: &bytes) {
                            TextFormat.number(value, to: &$0)
                        }
                    }
                    TextFormat.sample(sum, series.labels, to: &bytes) { TextFormat.number(histogram.sum, to: &$0) }
                    TextFormat.sample(count, series.labels, to: &bytes) { TextFormat.number(total, to: &$0) }
                }
            }
        }
        return family
    }

    package func counter(_ name: String, help: String) -> Counter { counters(name, help: help).with() }

    package func gauge(_ name: String, help: String) -> Gauge { gauges(name, help: help).with() }

    /// A gauge whose value is asked for at each scrape. `read` must be quick and must not wait.
    package func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        let gauge = gauge(name, help: help)
        onScrape { gauge.set(read()) }
    }

    /// A counter that somebody else keeps, asked for at each scrape. `read` must be quick, must not wait, and never falls.
    package func counter(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        let sample = Array(name.utf8)
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "counter", to: &bytes)
            TextFormat.sample(sample, [], to: &bytes) { TextFormat.number(read(), to: &$0) }
        }
    }

    /// Runs before each rendering, to bring gauges up to date. Must be quick and must not wait.
    package func onScrape(_ collect: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// What `/metrics` answers.
    package func text() -> [UInt8] {
        let (collectors, writers, size) = state.withLock { ($0.collectors, $0.writers, $0.size) }
        for collect in collectors { collect() }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + size / 8)
        for write in writers { write(&bytes) }
        state.withLock { $0.size = bytes.count }
        return bytes
    }

    private func add(_ name: String, _ write: @escaping @Sendable (inout [UInt8]) -> Void) {
        state.withLock { state in
            precondition(state.names.insert(name).inserted, "the metric \(name) is registered twice")
            state.writers.append(write)
        }
    }
}
