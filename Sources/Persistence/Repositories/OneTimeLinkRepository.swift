package import Domain

/// `platform.one_time_links`.
package struct OneTimeLinkRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    package func insert(_ record: OneTimeLinkRecord) throws {
        try sql.execute(
            """
            INSERT INTO one_time_links (token_hash, tenant_id, created_at, expires_at, redeemed_at)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                .text(record.tokenHash), .init(record.tenantID), .init(record.createdAt), .init(record.expiresAt),
                .init(record.redeemedAt),
            ])
    }

    /// Uses a link up, and with it every other link of its tenant.
    ///
    /// - Returns: whose it was; nil when there is no such link or it is used or expired. Of two at once one gets nil.
    package func redeem(_ tokenHash: String, at now: Timestamp) throws -> TenantID? {
        let changed = try sql.execute(
            """
            UPDATE one_time_links SET redeemed_at = $2
            WHERE token_hash = $1 AND redeemed_at IS NULL AND expires_at > $2
            """, [.text(tokenHash), .init(now)])
        guard changed == 1,
            let row = try sql.first("SELECT tenant_id FROM one_time_links WHERE token_hash = $1", [.text(tokenHash)])
        else { return nil }
        let tenant = try row.tenant("tenant_id")
        try sql.execute(
            "UPDATE one_time_links SET redeemed_at = $2 WHERE tenant_id = $1 AND redeemed_at IS NULL",
            [.init(tenant), .init(now)])
        return tenant
    }

    /// - Returns: how many went.
    @discardableResult
    package func deleteExpired(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM one_time_links WHERE expires_at < $1", [.init(moment)])
    }
}
