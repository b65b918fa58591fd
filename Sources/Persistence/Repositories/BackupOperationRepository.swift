package import Domain
package import JSON

/// A row of `platform.backup_operations`.
package struct BackupOperationRecord: Sendable, Hashable {
    package let id: BackupOperationID
    /// What is done to what, how far it has come, and how it ended.
    package var document: JSON
    package let startedAt: Timestamp
    /// When the node that works on it was last heard of.
    package var updatedAt: Timestamp

    package init(id: BackupOperationID, document: JSON, startedAt: Timestamp, updatedAt: Timestamp) {
        self.id = id
        self.document = document
        self.startedAt = startedAt
        self.updatedAt = updatedAt
    }
}

/// `platform.backup_operations`.
package struct BackupOperationRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = "id, document, started_at, updated_at"

    package func insert(_ record: BackupOperationRecord) throws {
        try sql.execute(
            "INSERT INTO backup_operations (\(Self.columns)) VALUES ($1, $2, $3, $4)",
            [.init(record.id), .init(record.document), .init(record.startedAt), .init(record.updatedAt)])
    }

    package func find(_ id: BackupOperationID) throws -> BackupOperationRecord? {
        try sql.first("SELECT \(Self.columns) FROM backup_operations WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Newest first.
    package func list(page: Page) throws -> Listing<BackupOperationRecord> {
        try selection.page(page, sql, Self.record)
    }

    /// Newest first, after `cursor`.
    package func list(after cursor: Cursor?, limit: Int) throws -> CursorListing<BackupOperationRecord> {
        try selection.after(cursor, limit: limit, sql, Self.record)
    }

    package func update(_ id: BackupOperationID, document: JSON, at now: Timestamp) throws {
        try sql.execute(
            "UPDATE backup_operations SET document = $2, updated_at = $3 WHERE id = $1",
            [.init(id), .init(document), .init(now)])
    }

    /// - Returns: how many went.
    @discardableResult
    package func delete(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM backup_operations WHERE started_at < $1", [.init(moment)])
    }

    private var selection: Selection {
        Selection(Self.columns, from: "backup_operations", by: "started_at", .descending)
    }

    private static func record(_ row: SQLRow) throws -> BackupOperationRecord {
        BackupOperationRecord(
            id: try row.id("id"), document: try row.json("document"), startedAt: try row.timestamp("started_at"),
            updatedAt: try row.timestamp("updated_at"))
    }
}
