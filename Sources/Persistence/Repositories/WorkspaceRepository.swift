package import Domain

/// A tenant's `workspaces`.
package struct WorkspaceRepository {
    /// What a `uniqueViolation` names when the slug is taken.
    package static let slugConstraint = "workspaces.slug"

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = "id, slug, name, description, is_default, settings, created_at, updated_at, version"

    /// - Throws: `DatabaseError.uniqueViolation` with `slugConstraint`, or `workspaces.is_default` for a second default.
    package func insert(_ record: WorkspaceRecord) throws {
        try sql.execute(
            """
            INSERT INTO workspaces (\(Self.columns), content_version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
            """,
            [
                .init(record.id), .text(record.slug.text), .text(record.name), .text(record.description),
                .init(record.isDefault), .init(record.settings), .init(record.createdAt), .init(record.updatedAt),
                .init(record.version),
            ])
    }

    package func find(_ id: WorkspaceID) throws -> WorkspaceRecord? {
        try sql.first("SELECT \(Self.columns) FROM workspaces WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Those with these ids, in no order.
    package func find(_ ids: Set<WorkspaceID>) throws -> [WorkspaceRecord] {
        try sql.rows(Self.columns, of: "workspaces", ids: ids).map(Self.record)
    }

    package func find(slug: Slug) throws -> WorkspaceRecord? {
        try sql.first("SELECT \(Self.columns) FROM workspaces WHERE slug = $1", [.text(slug.text)]).map(Self.record)
    }

    package func findDefault() throws -> WorkspaceRecord? {
        try sql.first("SELECT \(Self.columns) FROM workspaces WHERE is_default = 1", []).map(Self.record)
    }

    /// Oldest first.
    package func list(page: Page) throws -> Listing<WorkspaceRecord> { try selection.page(page, sql, Self.record) }

    /// Oldest first, after `cursor`.
    package func list(after cursor: Cursor?, limit: Int) throws -> CursorListing<WorkspaceRecord> {
        try selection.after(cursor, limit: limit, sql, Self.record)
    }

    /// All of them, oldest first; the plan bounds their number.
    package func all() throws -> [WorkspaceRecord] { try selection.all(sql).map(Self.record) }

    package func count() throws -> Int { try selection.count(sql) }

    /// Writes everything but id, time of creation and whether it is the default.
    ///
    /// - Returns: the record as stored, one version on; nil when `expectedVersion` is not the stored one.
    /// - Throws: `DatabaseError.uniqueViolation` with `slugConstraint`.
    package func update(_ record: WorkspaceRecord, expectedVersion: Int) throws -> WorkspaceRecord? {
        let changed = try sql.execute(
            """
            UPDATE workspaces SET slug = $3, name = $4, description = $5, settings = $6, updated_at = $7,
                version = version + 1, content_version = content_version + 1
            WHERE id = $1 AND version = $2
            """,
            [
                .init(record.id), .init(expectedVersion), .text(record.slug.text), .text(record.name),
                .text(record.description), .init(record.settings), .init(record.updatedAt),
            ])
        return changed == 1 ? try find(record.id) : nil
    }

    /// Removes a workspace with its mocks and routes.
    ///
    /// - Returns: false when there is none.
    package func delete(_ id: WorkspaceID) throws -> Bool {
        try sql.execute("DELETE FROM workspaces WHERE id = $1", [.init(id)]) == 1
    }

    /// For each workspace a number that grows with every change of it, its mocks or its routes: what a node polls.
    package func contentVersions() throws -> [WorkspaceID: Int] {
        var versions: [WorkspaceID: Int] = [:]
        for row in try sql.query("SELECT id, content_version FROM workspaces", []) {
            versions[try row.id("id")] = try row.integer("content_version")
        }
        return versions
    }

    /// As `contentVersions`, for one; nil when there is no such workspace.
    package func contentVersion(_ id: WorkspaceID) throws -> Int? {
        try sql.first("SELECT content_version FROM workspaces WHERE id = $1", [.init(id)])?.integer("content_version")
    }

    /// Counts a change of something inside.
    func touch(_ id: WorkspaceID) throws {
        try sql.execute(
            "UPDATE workspaces SET content_version = content_version + 1 WHERE id = $1", [.init(id)])
    }

    /// As `touch`, for the workspace of a mock.
    func touch(of mock: MockID) throws {
        try sql.execute(
            """
            UPDATE workspaces SET content_version = content_version + 1
            WHERE id = (SELECT workspace_id FROM mocks WHERE id = $1)
            """, [.init(mock)])
    }

    private var selection: Selection { Selection(Self.columns, from: "workspaces", by: "created_at") }

    private static func record(_ row: SQLRow) throws -> WorkspaceRecord {
        guard let slug = Slug(try row.text("slug")) else { throw DatabaseError.unexpectedValue(column: "slug") }
        return WorkspaceRecord(
            id: try row.id("id"), slug: slug, name: try row.text("name"), description: try row.text("description"),
            isDefault: try row.bool("is_default"), settings: try row.json("settings"),
            createdAt: try row.timestamp("created_at"), updatedAt: try row.timestamp("updated_at"),
            version: try row.integer("version"))
    }
}
