import Persistence

/// Writes rows into a table, many with one statement.
struct RowInsertion {
    /// What happens with a row whose key is taken.
    enum Conflict {
        /// The transaction fails.
        case refused
        /// The row that is there stays.
        case kept
    }

    private let sql: any SQLSession
    private let head: String
    private let tail: String
    private let columnCount: Int
    private var pending: [SQLValue] = []
    private var pendingBytes = 0

    /// SQLite takes 32,766 parameters and PostgreSQL 65,535; no more than this many rows or bytes wait.
    private static let batch = (rows: 100, bytes: 1 << 20)

    init(into table: ArchivedTable, _ sql: any SQLSession, _ conflict: Conflict) {
        self.sql = sql
        head = "INSERT INTO \(table.name) (\(table.columns.joined(separator: ", "))) VALUES "
        tail =
            switch conflict {
            case .refused: ""
            case .kept: " ON CONFLICT DO NOTHING"
            }
        columnCount = table.columns.count
    }

    mutating func add(_ row: [SQLValue]) throws {
        pending += row
        for case .text(let text) in row { pendingBytes += text.utf8.count }
        if pending.count >= Self.batch.rows * columnCount || pendingBytes >= Self.batch.bytes { try finish() }
    }

    /// Writes what waits.
    mutating func finish() throws {
        guard !pending.isEmpty else { return }
        let rows = stride(from: 0, to: pending.count, by: columnCount).map { start in
            "(" + (1...columnCount).map { "$\(start + $0)" }.joined(separator: ", ") + ")"
        }
        try sql.execute(head + rows.joined(separator: ", ") + tail, pending)
        pending.removeAll(keepingCapacity: true)
        pendingBytes = 0
    }
}
