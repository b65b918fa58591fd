package import Domain

/// `platform.api_keys`.
package struct APIKeyRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns =
        "id, tenant_id, name, scope, lookup_prefix, hash, created_at, expires_at, revoked_at, last_used_at"

    package func insert(_ record: APIKeyRecord) throws {
        try sql.execute(
            "INSERT INTO api_keys (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                .init(record.id), .init(record.tenantID), .text(record.name), .text(record.scope.rawValue),
                .text(record.lookupPrefix), .text(record.hash), .init(record.createdAt), .init(record.expiresAt),
                .init(record.revokedAt), .init(record.lastUsedAt),
            ])
    }

    /// The tenant's key with this id; another tenant's is not found.
    package func find(_ id: APIKeyID, tenant: TenantID) throws -> APIKeyRecord? {
        try sql.first(
            "SELECT \(Self.columns) FROM api_keys WHERE id = $1 AND tenant_id = $2", [.init(id), .init(tenant)]
        ).map(Self.record)
    }

    /// The keys whose secret begins so, revoked and expired ones too: usually one. The caller compares the hashes.
    package func find(lookupPrefix: String) throws -> [APIKeyRecord] {
        try sql.query(
            "SELECT \(Self.columns) FROM api_keys WHERE lookup_prefix = $1 LIMIT 100",
            [.text(lookupPrefix)]
        ).map(Self.record)
    }

    /// Oldest first.
    package func list(tenant: TenantID, page: Page) throws -> Listing<APIKeyRecord> {
        try selection(tenant).page(page, sql, Self.record)
    }

    /// Oldest first, after `cursor`.
    package func list(tenant: TenantID, after cursor: Cursor?, limit: Int) throws -> CursorListing<APIKeyRecord> {
        try selection(tenant).after(cursor, limit: limit, sql, Self.record)
    }

    /// How many keys still open something.
    package func liveCount(tenant: TenantID, at now: Timestamp) throws -> Int {
        var selection = selection(tenant)
        selection.require("revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", .init(now))
        return try selection.count(sql)
    }

    package func count(tenant: TenantID) throws -> Int { try selection(tenant).count(sql) }

    /// - Returns: false when the tenant has no such key or it is revoked already.
    package func revoke(_ id: APIKeyID, tenant: TenantID, at now: Timestamp) throws -> Bool {
        try sql.execute(
            "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND tenant_id = $2 AND revoked_at IS NULL",
            [.init(id), .init(tenant), .init(now)]) == 1
    }

    /// Sets when a key ends; nothing happens when the tenant has no such key.
    package func expire(_ id: APIKeyID, tenant: TenantID, at moment: Timestamp) throws {
        try sql.execute(
            "UPDATE api_keys SET expires_at = $3 WHERE id = $1 AND tenant_id = $2",
            [.init(id), .init(tenant), .init(moment)])
    }

    /// Notes a use; an older moment than the stored one changes nothing.
    package func markUsed(_ id: APIKeyID, at now: Timestamp) throws {
        try sql.execute(
            "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
            [.init(id), .init(now)])
    }

    /// - Returns: false when the tenant has no such key.
    package func delete(_ id: APIKeyID, tenant: TenantID) throws -> Bool {
        try sql.execute("DELETE FROM api_keys WHERE id = $1 AND tenant_id = $2", [.init(id), .init(tenant)]) == 1
    }

    private func selection(_ tenant: TenantID) -> Selection {
        var selection = Selection(Self.columns, from: "api_keys", by: "created_at")
        selection.require("tenant_id = ?", .init(tenant))
        return selection
    }

    private static func record(_ row: SQLRow) throws -> APIKeyRecord {
        APIKeyRecord(
            id: try row.id("id"), tenantID: try row.tenant("tenant_id"), name: try row.text("name"),
            scope: try row.choice("scope"), lookupPrefix: try row.text("lookup_prefix"), hash: try row.text("hash"),
            createdAt: try row.timestamp("created_at"), expiresAt: try row.optionalTimestamp("expires_at"),
            revokedAt: try row.optionalTimestamp("revoked_at"), lastUsedAt: try row.optionalTimestamp("last_used_at"))
    }
}
