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
    private let series = Mutex<[[String]: Series]>([:])

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
        return series.withLock { series in
            if let known = series[shown] { return known.metric }
            let metric = make()
            series[shown] = Series(values: shown, labels: TextFormat.labels(labels, shown), metric: metric)
            return metric
        }
    }

    /// Forgets every series in which `label` has this value.
    package func remove(_ label: String, _ value: String) {
        guard let position = labels.firstIndex(of: label) else { return }
        series.withLock { series in
            for key in series.keys where key[position] == value { series[key] = nil }
        }
    }

    /// In order of their labels, so that two scrapes can be compared.
    var sortedSeries: [Series] {
        series.withLock { Array($0.values) }.sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
}
