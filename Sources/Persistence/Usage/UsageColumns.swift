/// The columns that both usage tables have, and the pieces of SQL made of them.
enum UsageColumns {
    static let durations = (0..<32).map { "d" + ($0 < 10 ? "0" : "") + String($0) }
    static let added = ["requests", "duration_microseconds", "request_bytes", "response_bytes"]
    static let greatest = "max_duration_microseconds"
    /// The order in which sums are selected and inserted.
    static let sums = added + [greatest] + durations
    static let sumList = sums.joined(separator: ", ")

    /// What `aggregates` needs.
    static func summed(durations hasDurations: Bool) -> [String] {
        added + [greatest] + (hasDurations ? durations : [])
    }

    /// Sums over a group, in that order. PostgreSQL sums integers to a wider type, hence the casts.
    static func aggregates(durations hasDurations: Bool = true) -> String {
        let totals = (added + (hasDurations ? durations : []))
        var list = totals.map { "CAST(SUM(\($0)) AS BIGINT)" }
        list.insert("CAST(MAX(\(greatest)) AS BIGINT)", at: added.count)
        return list.joined(separator: ", ")
    }

    /// What an insertion does to the row that is there already.
    static func merge(into table: String) -> String {
        let additions = (added + durations).map { "\($0) = \(table).\($0) + excluded.\($0)" }
        let maximum = """
            \(greatest) = CASE WHEN excluded.\(greatest) > \(table).\(greatest) THEN excluded.\(greatest) \
            ELSE \(table).\(greatest) END
            """
        return (additions + [maximum]).joined(separator: ", ")
    }
}
