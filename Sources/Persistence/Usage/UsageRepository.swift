package import Domain

/// What one node counted in one of its windows. The pair names it for ever: a node that cannot tell whether a flush
/// arrived sends the same window again.
package struct UsageWindow: Sendable, Hashable {
    /// A name that no other process run has.
    package let node: String
    /// Counts the node's windows; those of one tenant arrive in this order.
    package let sequence: Int

    package init(node: String, sequence: Int) {
        self.node = node
        self.sequence = sequence
    }
}

/// A tenant's `usage_metrics`: the ledger and its roll-ups.
package struct UsageRepository {
    /// What a transaction that only reads need not ask twice.
    final class Known {
        var ends: StoredEnds?
    }

    let sql: any SQLSession
    let known = Known()

    package init(_ sql: any SQLSession) { self.sql = sql }

    static let table = "usage_metrics"
    static let summaries = "usage_summaries"
    private static let key = "grain, start_at, workspace_id, mock_id, route_id, status_class"

    /// Adds a window's counts to those of its minutes. The records name different rows.
    ///
    /// - Returns: false when this window was added before; nothing is added then.
    @discardableResult
    package func add(_ records: [UsageRecord], window: UsageWindow, at now: Timestamp) throws -> Bool {
        try lock(at: now)
        let isNew = try sql.execute(
            "INSERT INTO usage_windows (node, sequence, recorded_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [.text(window.node), .init(window.sequence), .init(now)])
        guard isNew == 1 else { return false }
        // A node sends a tenant's windows one after the other, so it will not send an earlier one any more.
        try sql.execute(
            "DELETE FROM usage_windows WHERE node = $1 AND sequence < $2", [.text(window.node), .init(window.sequence)])
        let batch = sql.rowsPerInsertion
        let whole = records.count - records.count % batch
        let insertion = batch == 1 || whole == 0 ? Self.insertion : Self.insertion(rows: batch)
        for start in stride(from: 0, to: whole, by: batch) {
            try sql.execute(insertion, records[start..<start + batch].flatMap(Self.values))
        }
        for record in records[whole...] { try sql.execute(Self.insertion, Self.values(record)) }
        return true
    }

    /// Has others that change the tenant's usage wait for this transaction to end, since a row that came in between what a
    /// roll-up adds and what it removes would be lost. The row without a node stands for the whole ledger.
    func lock(at now: Timestamp) throws {
        try sql.execute(
            """
            INSERT INTO usage_windows (node, sequence, recorded_at) VALUES ('', 0, $1)
            ON CONFLICT (node, sequence) DO UPDATE SET recorded_at = excluded.recorded_at
            """, [.init(now)])
    }

    private static let insertion = insertion(rows: 1)

    private static func insertion(rows: Int) -> String {
        let count = 5 + UsageColumns.sums.count
        let values = (0..<rows).map { row in
            "(\(UsageGrain.fresh.rawValue), "
                + (1...count).map { "$\(row * count + $0)" }.joined(separator: ", ") + ")"
        }
        return """
            INSERT INTO \(table) (\(key), \(UsageColumns.sumList)) VALUES \(values.joined(separator: ", "))
            ON CONFLICT (\(key)) DO UPDATE SET \(UsageColumns.merge(into: table))
            """
    }

    private static func values(_ record: UsageRecord) -> [SQLValue] {
        let values: [SQLValue] = [
            .init(record.minute), .text(record.workspaceID?.text ?? ""), .text(record.mockID?.text ?? ""),
            .text(record.routeID?.text ?? ""), .init(record.statusClass), .init(record.requests),
            .init(record.durationMicroseconds), .init(record.requestBytes), .init(record.responseBytes),
            .init(record.maxDurationMicroseconds),
        ]
        return values + record.durations.counts.map { SQLValue($0) }
    }

    /// Forgets which windows were added before `moment`: longer ago than any node sends one again.
    @discardableResult
    package func deleteWindows(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM usage_windows WHERE recorded_at < $1 AND node <> ''", [.init(moment)])
    }
}
