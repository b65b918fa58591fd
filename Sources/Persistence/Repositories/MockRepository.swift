package import Domain

/// A tenant's `mocks`. Every change counts up the workspace's content version.
package struct MockRepository {
    private let sql: any SQLSession
    private let workspaces: WorkspaceRepository

    package init(_ sql: any SQLSession) {
        self.sql = sql
        workspaces = WorkspaceRepository(sql)
    }

    private static let columns =
        "id, workspace_id, name, base_path, source, is_enabled, created_at, updated_at, version"

    /// - Throws: `DatabaseError.foreignKeyViolation` when there is no such workspace.
    package func insert(_ record: MockRecord) throws {
        try sql.execute(
            "INSERT INTO mocks (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .init(record.id), .init(record.workspaceID), .text(record.name), .text(record.basePath),
                .init(record.source), .init(record.isEnabled), .init(record.createdAt), .init(record.updatedAt),
                .init(record.version),
            ])
        try workspaces.touch(record.workspaceID)
    }

    package func find(_ id: MockID) throws -> MockRecord? {
        try sql.first("SELECT \(Self.columns) FROM mocks WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Those with these ids, in no order.
    package func find(_ ids: Set<MockID>) throws -> [MockRecord] {
        try sql.rows(Self.columns, of: "mocks", ids: ids).map(Self.record)
    }

    /// Oldest first.
    package func list(workspace: WorkspaceID, page: Page) throws -> Listing<MockRecord> {
        try selection(workspace).page(page, sql, Self.record)
    }

    /// Oldest first, after `cursor`.
    package func list(workspace: WorkspaceID, after cursor: Cursor?, limit: Int) throws -> CursorListing<MockRecord> {
        try selection(workspace).after(cursor, limit: limit, sql, Self.record)
    }

    /// All of a workspace, oldest first; the plan bounds their number.
    package func all(workspace: WorkspaceID) throws -> [MockRecord] {
        try selection(workspace).all(sql).map(Self.record)
    }

    /// In all workspaces together: what the quota counts.
    package func count() throws -> Int {
        try sql.first("SELECT COUNT(*) AS total FROM mocks", [])?.integer("total") ?? 0
    }

    package func count(workspace: WorkspaceID) throws -> Int { try selection(workspace).count(sql) }

    /// Writes everything but id, workspace and time of creation.
    ///
    /// - Returns: the record as stored, one version on; nil when `expectedVersion` is not the stored one.
    package func update(_ record: MockRecord, expectedVersion: Int) throws -> MockRecord? {
        let changed = try sql.execute(
            """
            UPDATE mocks SET name = $3, base_path = $4, source = $5, is_enabled = $6, updated_at = $7,
                version = version + 1
            WHERE id = $1 AND version = $2
            """,
            [
                .init(record.id), .init(expectedVersion), .text(record.name), .text(record.basePath),
                .init(record.source), .init(record.isEnabled), .init(record.updatedAt),
            ])
        guard changed == 1, let stored = try find(record.id) else { return nil }
        try workspaces.touch(stored.workspaceID)
        return stored
    }

    /// Removes a mock with its routes.
    ///
    /// - Returns: false when there is none.
    package func delete(_ id: MockID) throws -> Bool {
        try workspaces.touch(of: id)
        return try sql.execute("DELETE FROM mocks WHERE id = $1", [.init(id)]) == 1
    }

    private func selection(_ workspace: WorkspaceID) -> Selection {
        var selection = Selection(Self.columns, from: "mocks", by: "created_at")
        selection.require("workspace_id = ?", .init(workspace))
        return selection
    }

    private static func record(_ row: SQLRow) throws -> MockRecord {
        MockRecord(
            id: try row.id("id"), workspaceID: try row.id("workspace_id"), name: try row.text("name"),
            basePath: try row.text("base_path"), source: try row.json("source"),
            isEnabled: try row.bool("is_enabled"), createdAt: try row.timestamp("created_at"),
            updatedAt: try row.timestamp("updated_at"), version: try row.integer("version"))
    }
}
