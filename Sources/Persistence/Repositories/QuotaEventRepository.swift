package import Domain

/// `platform.quota_events`.
package struct QuotaEventRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    /// - Parameter level: percent of the limit.
    /// - Returns: false when somebody has noted it already.
    package func insert(
        _ quota: QuotaKey, level: Int, of tenant: TenantID, window: Timestamp, at now: Timestamp
    ) throws -> Bool {
        try sql.execute(
            """
            INSERT INTO quota_events (tenant_id, quota, level, window_start, noted_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (tenant_id, quota, level, window_start) DO NOTHING
            """,
            [.text(tenant.text), .text(quota.rawValue), .init(level), .init(window), .init(now)]) > 0
    }

    /// Forgets windows that began before a moment; gives their number.
    package func delete(before moment: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM quota_events WHERE window_start < $1", [.init(moment)])
    }
}
