package import Domain

/// `platform.provisioning`: a row for each tenant on its way; removed when it has arrived.
package struct ProvisioningRepository {
    /// What a `uniqueViolation` names when another run has the same idempotency key.
    package static let keyConstraint = "provisioning.idempotency_key_hash"

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns =
        "tenant_id, idempotency_key_hash, fingerprint, completed_steps, started_at, updated_at"

    /// - Throws: `DatabaseError.uniqueViolation` with `keyConstraint`.
    package func insert(_ record: ProvisioningRecord) throws {
        try sql.execute(
            "INSERT INTO provisioning (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .init(record.tenantID), .init(record.idempotencyKeyHash), .text(record.fingerprint),
                .init(record.completedSteps), .init(record.startedAt), .init(record.updatedAt),
            ])
    }

    package func find(_ tenant: TenantID) throws -> ProvisioningRecord? {
        try sql.first("SELECT \(Self.columns) FROM provisioning WHERE tenant_id = $1", [.init(tenant)])
            .map(Self.record)
    }

    package func find(idempotencyKeyHash: String) throws -> ProvisioningRecord? {
        try sql.first(
            "SELECT \(Self.columns) FROM provisioning WHERE idempotency_key_hash = $1", [.text(idempotencyKeyHash)]
        ).map(Self.record)
    }

    /// Runs not touched since `moment`, oldest first: what a reconciler takes up or rolls back.
    package func stale(before moment: Timestamp, limit: Int) throws -> [ProvisioningRecord] {
        try sql.query(
            "SELECT \(Self.columns) FROM provisioning WHERE updated_at < $1 ORDER BY updated_at, tenant_id LIMIT $2",
            [.init(moment), .init(limit)]
        ).map(Self.record)
    }

    /// Notes how far a run has come; never goes back.
    package func update(_ tenant: TenantID, completedSteps: Int, at now: Timestamp) throws {
        try sql.execute(
            """
            UPDATE provisioning SET completed_steps = $2, updated_at = $3
            WHERE tenant_id = $1 AND completed_steps <= $2
            """, [.init(tenant), .init(completedSteps), .init(now)])
    }

    /// Does nothing when there is none.
    package func delete(_ tenant: TenantID) throws {
        try sql.execute("DELETE FROM provisioning WHERE tenant_id = $1", [.init(tenant)])
    }

    private static func record(_ row: SQLRow) throws -> ProvisioningRecord {
        ProvisioningRecord(
            tenantID: try row.tenant("tenant_id"), idempotencyKeyHash: try row.optionalText("idempotency_key_hash"),
            fingerprint: try row.text("fingerprint"), completedSteps: try row.integer("completed_steps"),
            startedAt: try row.timestamp("started_at"), updatedAt: try row.timestamp("updated_at"))
    }
}
