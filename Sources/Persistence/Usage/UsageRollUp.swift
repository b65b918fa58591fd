package import Domain

extension UsageRepository {
    /// Adds minutes that are over to their hours and days, at most one hour of them at a time, and forgets what is older
    /// than it is kept. Nothing is counted twice and nothing is lost, however often and from however many nodes this is
    /// called, since a minute stops being fresh in the transaction that adds it.
    ///
    /// - Parameter moment: the end of the last minute to take.
    /// - Returns: whether there may be more to do.
    package func rollUp(before moment: Timestamp, keeping retention: UsageRetention) throws -> Bool {
        try lock(at: moment)
        let end = try endOfOldest(before: moment)
        if let end {
            let key = ["workspace_id", "mock_id", "route_id", "status_class"]
            try roll(before: end, into: .minute, .minute, Self.table, key)
            for (grain, interval) in [(UsageGrain.hour, UsageInterval.hour), (.day, .day), (.block, .block)] {
                try roll(before: end, into: grain, interval, Self.table, key)
                try roll(before: end, into: grain, interval, Self.summaries, ["workspace_id", "status_class"])
            }
            try sql.execute(
                "DELETE FROM \(Self.table) WHERE grain = \(UsageGrain.fresh.rawValue) AND start_at < $1", [.init(end)])
        }
        // In the same transaction: minutes that arrive when theirs are forgotten must not look like the first of many.
        try forget(retention, at: moment)
        return end.map { $0 < moment } ?? false
    }

    /// The end of the hour with the oldest fresh minute, or `moment` if that comes first; nil when there is nothing to do.
    private func endOfOldest(before moment: Timestamp) throws -> Timestamp? {
        let oldest = try sql.first(
            "SELECT MIN(start_at) AS oldest FROM \(Self.table) WHERE grain = \(UsageGrain.fresh.rawValue)", [])
        guard let oldest, oldest["oldest"] != .null else { return nil }
        let start = try oldest.timestamp("oldest")
        return start < moment ? min(moment, UsageInterval.hour.start(of: start) + .seconds(3600)) : nil
    }

    private func roll(
        before end: Timestamp, into grain: UsageGrain, _ interval: UsageInterval, _ table: String, _ names: [String]
    ) throws {
        let key = names.joined(separator: ", ")
        let start = "start_at - start_at % \(interval.microseconds)"
        try sql.execute(
            """
            INSERT INTO \(table) (grain, start_at, \(key), \(UsageColumns.sumList))
            SELECT \(grain.rawValue), \(start), \(key), \(UsageColumns.aggregates())
            FROM \(Self.table) WHERE grain = \(UsageGrain.fresh.rawValue) AND start_at < $1
            GROUP BY \(start), \(key)
            ON CONFLICT (grain, start_at, \(key)) DO UPDATE SET \(UsageColumns.merge(into: table))
            """, [.init(end)])
    }

    /// Whole days at a time, so that the first row of a grain tells from which day on all of them are there. A block goes
    /// with its first day.
    private func forget(_ retention: UsageRetention, at now: Timestamp) throws {
        let hours = max(retention.hours, retention.minutes)
        let days = max(retention.days, hours)
        for (grain, days) in [(UsageGrain.minute, retention.minutes), (.hour, hours), (.day, days), (.block, days)] {
            let limit = UsageInterval.day.start(of: now - .seconds(Int64(days) * 86_400))
            for table in [Self.table, Self.summaries] {
                try sql.execute(
                    "DELETE FROM \(table) WHERE grain = \(grain.rawValue) AND start_at < $1", [.init(limit)])
            }
        }
    }
}
