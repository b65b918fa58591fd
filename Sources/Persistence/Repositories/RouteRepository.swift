package import Domain
package import JSON

/// A tenant's `routes`. Every change counts up the workspace's content version.
package struct RouteRepository {
    private let sql: any SQLSession
    private let workspaces: WorkspaceRepository

    package init(_ sql: any SQLSession) {
        self.sql = sql
        workspaces = WorkspaceRepository(sql)
    }

    private static let columns = "id, mock_id, position, definition, origin, created_at, updated_at, version"

    /// - Throws: `DatabaseError.foreignKeyViolation` when there is no such mock.
    package func insert(_ record: RouteRecord) throws { try insert([record]) }

    /// As `insert` of one; an import adds hundreds.
    package func insert(_ records: [RouteRecord]) throws {
        for record in records {
            try sql.execute(
                "INSERT INTO routes (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .init(record.id), .init(record.mockID), .init(record.position), .init(record.definition),
                    .init(record.origin), .init(record.createdAt), .init(record.updatedAt), .init(record.version),
                ])
        }
        for mock in Set(records.map(\.mockID)) { try workspaces.touch(of: mock) }
    }

    /// The position after the last route of a mock; 0 for the first.
    package func nextPosition(mock: MockID) throws -> Int {
        let last = try sql.first(
            "SELECT position FROM routes WHERE mock_id = $1 ORDER BY position DESC, id DESC LIMIT 1", [.init(mock)])
        return try last.map { try $0.integer("position") + 1 } ?? 0
    }

    package func find(_ id: RouteID) throws -> RouteRecord? {
        try sql.first("SELECT \(Self.columns) FROM routes WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// Those with these ids, in no order.
    package func find(_ ids: Set<RouteID>) throws -> [RouteRecord] {
        try sql.rows(Self.columns, of: "routes", ids: ids).map(Self.record)
    }

    /// By position.
    package func list(mock: MockID, page: Page) throws -> Listing<RouteRecord> {
        try selection(mock).page(page, sql, Self.record)
    }

    /// By position, after `cursor`.
    package func list(mock: MockID, after cursor: Cursor?, limit: Int) throws -> CursorListing<RouteRecord> {
        try selection(mock).after(cursor, limit: limit, sql, Self.record)
    }

    /// All of a mock, by position.
    package func all(mock: MockID) throws -> [RouteRecord] { try selection(mock).all(sql).map(Self.record) }

    /// All of a workspace, mock after mock in order of creation, then by position: what a snapshot is compiled from.
    package func all(workspace: WorkspaceID) throws -> [RouteRecord] {
        let columns = Self.columns.split(separator: ", ").map { "routes.\($0)" }.joined(separator: ", ")
        return try sql.query(
            """
            SELECT \(columns) FROM mocks JOIN routes ON routes.mock_id = mocks.id WHERE mocks.workspace_id = $1
            ORDER BY mocks.created_at, mocks.id, routes.position, routes.id
            """, [.init(workspace)]
        ).map(Self.record)
    }

    /// The definitions of all the tenant's routes that are notes of where the object store has them.
    package func notes() throws -> [JSON] {
        try sql.query(
            "SELECT definition FROM routes WHERE definition LIKE $1", [.text("{\"\(LargeDocuments.member)\":%")]
        ).map { try $0.json("definition") }
    }

    package func count(mock: MockID) throws -> Int { try selection(mock).count(sql) }

    /// Routes of all the tenant's mocks.
    package func count() throws -> Int {
        try sql.first("SELECT COUNT(*) AS total FROM routes", [])?.integer("total") ?? 0
    }

    /// Writes everything but id, mock and time of creation.
    ///
    /// - Returns: the record as stored, one version on; nil when `expectedVersion` is not the stored one.
    package func update(_ record: RouteRecord, expectedVersion: Int) throws -> RouteRecord? {
        let changed = try sql.execute(
            """
            UPDATE routes SET position = $3, definition = $4, origin = $5, updated_at = $6, version = version + 1
            WHERE id = $1 AND version = $2
            """,
            [
                .init(record.id), .init(expectedVersion), .init(record.position), .init(record.definition),
                .init(record.origin), .init(record.updatedAt),
            ])
        guard changed == 1, let stored = try find(record.id) else { return nil }
        try workspaces.touch(of: stored.mockID)
        return stored
    }

    /// - Returns: false when there is none.
    package func delete(_ id: RouteID) throws -> Bool {
        guard let row = try sql.first("DELETE FROM routes WHERE id = $1 RETURNING mock_id", [.init(id)]) else {
            return false
        }
        try workspaces.touch(of: try row.id("mock_id"))
        return true
    }

    private func selection(_ mock: MockID) -> Selection {
        var selection = Selection(Self.columns, from: "routes", by: "position")
        selection.require("mock_id = ?", .init(mock))
        return selection
    }

    private static func record(_ row: SQLRow) throws -> RouteRecord {
        RouteRecord(
            id: try row.id("id"), mockID: try row.id("mock_id"), position: try row.integer("position"),
            definition: try row.json("definition"), origin: try row.json("origin"),
            createdAt: try row.timestamp("created_at"), updatedAt: try row.timestamp("updated_at"),
            version: try row.integer("version"))
    }
}
