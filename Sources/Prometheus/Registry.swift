import Synchronization

/// The metrics of one process and their text form (Prometheus exposition format 0.0.4). Knows nothing of the product.
package final class Registry: Sendable {
    /// The media type of `text()`.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private struct State {
        var names: Set<String> = []
        var writers: [@Sendable (inout [UInt8]) -> Void] = []
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func counters(
        _ name: String, help: String, labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Counter> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Counter() }
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "counter", to: &bytes)
            for series in family.sortedSeries {
                TextFormat.sample(name, series.labels, String(series.metric.value), to: &bytes)
            }
        }
        return family
    }

    package func gauges(
        _ name: String, help: String, labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Gauge> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Gauge() }
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "gauge", to: &bytes)
            for series in family.sortedSeries {
                TextFormat.sample(name, series.labels, TextFormat.number(series.metric.value), to: &bytes)
            }
        }
        return family
    }

    package func histograms(
        _ name: String, help: String, buckets: [Double], labels: [String] = [], bounds: [String: LabelBound] = [:]
    ) -> Family<Histogram> {
        let family = Family(name: name, help: help, labels: labels, bounds: bounds) { Histogram(bounds: buckets) }
        let edges = (buckets.map(TextFormat.number) + ["+Inf"]).map { TextFormat.labels(["le"], [$0]) }
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "histogram", to: &bytes)
            for series in family.sortedSeries {
                let comma: [UInt8] = series.labels.isEmpty ? [] : [UInt8(ascii: ",")]
                let counts = series.metric.cumulativeCounts
                for (edge, count) in zip(edges, counts) {
                    TextFormat.sample(name + "_bucket", series.labels + comma + edge, String(count), to: &bytes)
                }
                TextFormat.sample(name + "_sum", series.labels, TextFormat.number(series.metric.sum), to: &bytes)
                TextFormat.sample(name + "_count", series.labels, String(counts.last ?? 0), to: &bytes)
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
        add(name) { bytes in
            TextFormat.heading(name, help: help, type: "counter", to: &bytes)
            TextFormat.sample(name, [], TextFormat.number(read()), to: &bytes)
        }
    }

    /// Runs before each rendering, to bring gauges up to date. Must be quick and must not wait.
    package func onScrape(_ collect: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// What `/metrics` answers.
    package func text() -> [UInt8] {
        let (collectors, writers) = state.withLock { ($0.collectors, $0.writers) }
        for collect in collectors { collect() }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16_384)
        for write in writers { write(&bytes) }
        return bytes
    }

    private func add(_ name: String, _ write: @escaping @Sendable (inout [UInt8]) -> Void) {
        state.withLock { state in
            precondition(state.names.insert(name).inserted, "the metric \(name) is registered twice")
            state.writers.append(write)
        }
    }
}
