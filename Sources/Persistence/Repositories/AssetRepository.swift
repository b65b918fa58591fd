package import Domain
package import JSON

/// A row of a tenant's `assets`: a file that routes may answer with.
package struct AssetRecord: Sendable, Hashable {
    package let id: AssetID
    package let workspaceID: WorkspaceID
    /// Unique in its workspace.
    package let name: String
    /// As it was sent, checked.
    package let contentType: String
    /// In bytes.
    package let size: Int
    /// Hexadecimal.
    package let sha256: String
    package let objectKey: String
    package let createdAt: Timestamp

    package init(
        id: AssetID, workspaceID: WorkspaceID, name: String, contentType: String, size: Int, sha256: String,
        objectKey: String, createdAt: Timestamp
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.contentType = contentType
        self.size = size
        self.sha256 = sha256
        self.objectKey = objectKey
        self.createdAt = createdAt
    }
}

/// A tenant's `assets`. An asset never changes; what uses it is found in the routes.
package struct AssetRepository {
    /// What a `uniqueViolation` names when the workspace has an asset of that name.
    package static let nameConstraint = "assets.name"

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = "id, workspace_id, name, content_type, size, sha256, object_key, created_at"

    /// - Throws: `DatabaseError.uniqueViolation`; `foreignKeyViolation` when there is no such workspace.
    package func insert(_ record: AssetRecord) throws {
        try sql.execute(
            "INSERT INTO assets (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .init(record.id), .init(record.workspaceID), .text(record.name), .text(record.contentType),
                .init(record.size), .text(record.sha256), .text(record.objectKey), .init(record.createdAt),
            ])
    }

    package func find(_ id: AssetID) throws -> AssetRecord? {
        try sql.first("SELECT \(Self.columns) FROM assets WHERE id = $1", [.init(id)]).map(Self.record)
    }

    package func find(name: String, in workspace: WorkspaceID) throws -> AssetRecord? {
        try sql.first(
            "SELECT \(Self.columns) FROM assets WHERE workspace_id = $1 AND name = $2",
            [.init(workspace), .text(name)]
        ).map(Self.record)
    }

    /// Oldest first.
    package func list(workspace: WorkspaceID, page: Page) throws -> Listing<AssetRecord> {
        try selection(workspace).page(page, sql, Self.record)
    }

    /// Oldest first, after `cursor`.
    package func list(workspace: WorkspaceID, after cursor: Cursor?, limit: Int) throws -> CursorListing<AssetRecord> {
        try selection(workspace).after(cursor, limit: limit, sql, Self.record)
    }

    /// All of a workspace, oldest first.
    package func all(workspace: WorkspaceID) throws -> [AssetRecord] {
        try selection(workspace).all(sql).map(Self.record)
    }

    package func count(workspace: WorkspaceID) throws -> Int { try selection(workspace).count(sql) }

    /// - Returns: false when there is none.
    package func delete(_ id: AssetID) throws -> Bool {
        try sql.execute("DELETE FROM assets WHERE id = $1", [.init(id)]) == 1
    }

    /// The keys of all the tenant's assets.
    package func objectKeys() throws -> [String] {
        try sql.query("SELECT object_key FROM assets", []).map { try $0.text("object_key") }
    }

    /// The routes of a workspace that answer with assets, and with which.
    package func uses(in workspace: WorkspaceID) throws -> [(route: RouteID, mock: MockID, assets: Set<AssetID>)] {
        // Routes without an asset are most, and reading their definitions would cost more than looking for the word.
        try sql.query(
            """
            SELECT routes.id, routes.mock_id, routes.definition FROM mocks JOIN routes ON routes.mock_id = mocks.id
            WHERE mocks.workspace_id = $1 AND routes.definition LIKE '%"asset!_%' ESCAPE '!'
            ORDER BY mocks.created_at, mocks.id, routes.position, routes.id
            """, [.init(workspace)]
        ).compactMap { row in
            let assets = Self.assets(in: try row.json("definition"))
            return assets.isEmpty ? nil : (try row.id("id"), try row.id("mock_id"), assets)
        }
    }

    /// The assets that a stored definition, or the note of one, names.
    package static func assets(in definition: JSON) -> Set<AssetID> {
        let names =
            definition[LargeDocuments.member]?["assets"]?.array
            ?? (definition["responses"]?.array ?? []).compactMap { $0[LargeDocuments.assetMember] }
        return Set(names.compactMap { $0.string.flatMap { AssetID($0) } })
    }

    private func selection(_ workspace: WorkspaceID) -> Selection {
        var selection = Selection(Self.columns, from: "assets", by: "created_at")
        selection.require("workspace_id = ?", .init(workspace))
        return selection
    }

    private static func record(_ row: SQLRow) throws -> AssetRecord {
        AssetRecord(
            id: try row.id("id"), workspaceID: try row.id("workspace_id"), name: try row.text("name"),
            contentType: try row.text("content_type"), size: try row.integer("size"), sha256: try row.text("sha256"),
            objectKey: try row.text("object_key"), createdAt: try row.timestamp("created_at"))
    }
}
