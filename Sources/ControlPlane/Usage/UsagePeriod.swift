import Domain
import Persistence

/// The stretch of time that a usage report covers.
struct UsagePeriod: Sendable {
    static let parameterNames = ["period", "from", "to"]
    /// Longest stretch that one report covers.
    private static let longest = Duration.seconds(400 * 86_400)

    private enum Name: String, CaseIterable {
        case day, week, month
    }

    let from: Timestamp
    let to: Timestamp
    /// The end of the last minute that counts.
    let end: Timestamp

    /// `period` ends now; the default is a month of 30 days. `from` and `to` take its place.
    init(_ query: QueryParameters, now: Timestamp, _ violations: Violations) {
        let name = query.choice("period", Name.self, violations)
        let from = query.timestamp("from", violations)
        let to = query.timestamp("to", violations)
        if name != nil, from != nil || to != nil {
            query.refuse("period", "conflicting_parameter", "cannot be given together with from or to", violations)
        }
        let days =
            switch name {
            case .day: 1
            case .week: 7
            case .month, nil: 30
            }
        self.to = to ?? now
        // What is counted in the running minute belongs to a report that ends now; a minute that begins at "to" does not.
        end = to.map { UsageInterval.minute.end(of: $0) } ?? UsageInterval.minute.start(of: now) + .seconds(60)
        // Usage is kept by the minute, so a report begins with a whole one.
        self.from = UsageInterval.minute.start(of: from ?? self.to - .seconds(days * 86_400))
        if self.from >= self.to {
            query.refuse("from", "out_of_range", "must be before \"to\"", violations)
        } else if self.to - self.from > Self.longest {
            query.refuse("from", "out_of_range", "must be at most 400 days before \"to\"", violations)
        }
    }

    var length: Duration { to - from }

    /// The width of a point of the series: minutes up to two hours, hours up to a week, else days.
    var interval: UsageInterval {
        length <= .seconds(7260) ? .minute : length <= .seconds(7 * 86_400 + 60) ? .hour : .day
    }
}
