package import Domain

/// A tenant's `members`.
package struct MemberRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns =
        "id, email, name, role, status, created_at, updated_at, last_sign_in_at, version"

    /// - Throws: `DatabaseError.uniqueViolation` when the email is another member's.
    package func insert(_ record: MemberRecord) throws {
        try sql.execute(
            "INSERT INTO members (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .init(record.id), .text(record.email), .text(record.name), .text(record.role.rawValue),
                .text(record.status.rawValue), .init(record.createdAt), .init(record.updatedAt),
                .init(record.lastSignInAt), .init(record.version),
            ])
    }

    package func find(_ id: MemberID) throws -> MemberRecord? {
        try sql.first("SELECT \(Self.columns) FROM members WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// - Parameter email: in lower case.
    package func find(email: String) throws -> MemberRecord? {
        try sql.first("SELECT \(Self.columns) FROM members WHERE email = $1", [.text(email)]).map(Self.record)
    }

    /// Oldest first.
    package func list(page: Page) throws -> Listing<MemberRecord> { try selection.page(page, sql, Self.record) }

    /// Oldest first, after `cursor`.
    package func list(after cursor: Cursor?, limit: Int) throws -> CursorListing<MemberRecord> {
        try selection.after(cursor, limit: limit, sql, Self.record)
    }

    package func count() throws -> Int { try selection.count(sql) }

    package func count(_ role: MemberRole) throws -> Int {
        var selection = selection
        selection.require("role = ?", .text(role.rawValue))
        return try selection.count(sql)
    }

    /// Writes name and role.
    ///
    /// - Returns: the record as stored, one version on; nil when `expectedVersion` is not the stored one.
    package func update(_ record: MemberRecord, expectedVersion: Int) throws -> MemberRecord? {
        let changed = try sql.execute(
            """
            UPDATE members SET name = $3, role = $4, updated_at = $5, version = version + 1
            WHERE id = $1 AND version = $2
            """,
            [
                .init(record.id), .init(expectedVersion), .text(record.name), .text(record.role.rawValue),
                .init(record.updatedAt),
            ])
        return changed == 1 ? try find(record.id) : nil
    }

    /// Notes that a member has signed in; nothing happens when there is none.
    package func markSignedIn(_ id: MemberID, at now: Timestamp) throws {
        try sql.execute(
            "UPDATE members SET status = $3, last_sign_in_at = $2, version = version + 1 WHERE id = $1",
            [.init(id), .init(now), .text(MemberStatus.active.rawValue)])
    }

    /// - Returns: false when there is none.
    package func delete(_ id: MemberID) throws -> Bool {
        try sql.execute("DELETE FROM members WHERE id = $1", [.init(id)]) == 1
    }

    private var selection: Selection { Selection(Self.columns, from: "members", by: "created_at") }

    private static func record(_ row: SQLRow) throws -> MemberRecord {
        MemberRecord(
            id: try row.id("id"), email: try row.text("email"), name: try row.text("name"),
            role: try row.choice("role"), status: try row.choice("status"), createdAt: try row.timestamp("created_at"),
            updatedAt: try row.timestamp("updated_at"), lastSignInAt: try row.optionalTimestamp("last_sign_in_at"),
            version: try row.integer("version"))
    }
}
