package import Domain

/// A row of a tenant's `exports`: an export that is kept as a file.
package struct ExportRecord: Sendable, Hashable {
    /// How long an export is kept.
    package static let retention = Duration.seconds(7 * 86_400)

    package let id: ExportID
    package let workspaceID: WorkspaceID
    /// In bytes.
    package let size: Int
    package let objectKey: String
    package let createdAt: Timestamp

    package init(id: ExportID, workspaceID: WorkspaceID, size: Int, objectKey: String, createdAt: Timestamp) {
        self.id = id
        self.workspaceID = workspaceID
        self.size = size
        self.objectKey = objectKey
        self.createdAt = createdAt
    }
}

/// A tenant's `exports`.
package struct ExportRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = "id, workspace_id, size, object_key, created_at"

    /// - Throws: `DatabaseError.foreignKeyViolation` when there is no such workspace.
    package func insert(_ record: ExportRecord) throws {
        try sql.execute(
            "INSERT INTO exports (\(Self.columns)) VALUES ($1, $2, $3, $4, $5)",
            [
                .init(record.id), .init(record.workspaceID), .init(record.size), .text(record.objectKey),
                .init(record.createdAt),
            ])
    }

    package func find(_ id: ExportID) throws -> ExportRecord? {
        try sql.first("SELECT \(Self.columns) FROM exports WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Newest first.
    package func list(workspace: WorkspaceID, page: Page) throws -> Listing<ExportRecord> {
        try selection(workspace).page(page, sql, Self.record)
    }

    /// Newest first, after `cursor`.
    package func list(workspace: WorkspaceID, after cursor: Cursor?, limit: Int) throws -> CursorListing<ExportRecord> {
        try selection(workspace).after(cursor, limit: limit, sql, Self.record)
    }

    package func count(workspace: WorkspaceID) throws -> Int { try selection(workspace).count(sql) }

    /// - Returns: false when there is none.
    package func delete(_ id: ExportID) throws -> Bool {
        try sql.execute("DELETE FROM exports WHERE id = $1", [.init(id)]) == 1
    }

    /// - Returns: how many went.
    @discardableResult
    package func delete(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM exports WHERE created_at < $1", [.init(moment)])
    }

    /// The keys of all the tenant's exports.
    package func objectKeys() throws -> [String] {
        try sql.query("SELECT object_key FROM exports", []).map { try $0.text("object_key") }
    }

    private func selection(_ workspace: WorkspaceID) -> Selection {
        var selection = Selection(Self.columns, from: "exports", by: "created_at", .descending)
        selection.require("workspace_id = ?", .init(workspace))
        return selection
    }

    private static func record(_ row: SQLRow) throws -> ExportRecord {
        ExportRecord(
            id: try row.id("id"), workspaceID: try row.id("workspace_id"), size: try row.integer("size"),
            objectKey: try row.text("object_key"), createdAt: try row.timestamp("created_at"))
    }
}
