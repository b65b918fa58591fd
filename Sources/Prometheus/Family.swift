import Synchronization

/// All series of one metric name. Callers look a series up once and keep it; using it then takes no lock.
package final class Family<Metric: AnyObject & Sendable>: Sendable {
    struct Series: Sendable {
        let values: [String]
        /// `tenant_id="abc",status="200"`, rendered once.
        let labels: [UInt8]
        let metric: Metric
    }

    package let name: String
    package let help: String
    package let labels: [String]
    private let bounds: [String: LabelBound]
    private let make: @Sendable () -> Metric
    private let state = Mutex(State())

    private struct State {
        var series: [[String]: Series] = [:]
        /// How often a series came or went.
        var changes = 0
        /// In order, until the next change: a scrape must not sort thousands of them again.
        var sorted: [Series]?

        mutating func set(_ series: Series?, _ values: [String]) {
            self.series[values] = series
            changes += 1
            sorted = nil
        }
    }

    init(
        name: String, help: String, labels: [String], bounds: [String: LabelBound],
        make: @escaping @Sendable () -> Metric
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        self.bounds = bounds
        self.make = make
    }

    /// The series for these label values, in the order of `labels`. A bounded label over its limit becomes `other`.
    package func with(_ values: String...) -> Metric {
        precondition(values.count == labels.count, "\(name) has \(labels.count) labels")
        let shown = zip(labels, values).map { label, value in bounds[label]?.admit(value) ?? value }
        return state.withLock { state in
            if let known = state.series[shown] { return known.metric }
            let metric = make()
            state.set(Series(values: shown, labels: TextFormat.labels(labels, shown), metric: metric), shown)
            return metric
        }
    }

    /// Forgets every series in which `label` has this value.
    package func remove(_ label: String, _ value: String) {
        guard let position = labels.firstIndex(of: label) else { return }
        state.withLock { state in
            for key in state.series.keys where key[position] == value { state.set(nil, key) }
        }
    }

    /// In order of their labels, so that two scrapes can be compared.
    var sortedSeries: [Series] {
        let (known, all, changes) = state.withLock { ($0.sorted, $0.series, $0.changes) }
        if let known { return known }
        // Not under the lock, which new series wait for.
        let sorted = all.values.sorted { $0.values.lexicographicallyPrecedes($1.values) }
        state.withLock { state in
            if state.changes == changes { state.sorted = sorted }
        }
        return sorted
    }
}
