package import Domain

/// A tenant's `storage_claims`: bytes that requests have added, or are about to add, since others last measured what is stored.
///
/// Objects cannot be listed within a transaction, so a request measures first. What it then needs to know is here: what was
/// added since, and what others have been allowed to add and have not added yet.
package struct StorageClaimRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    /// Bytes that were ever added, whether or not they are still there: only the difference of two readings means something.
    package func added() throws -> Int {
        try sql.first("SELECT bytes FROM storage_claims WHERE id = ''", [])?.integer("bytes") ?? 0
    }

    /// Bytes that others may still add: a claim from before `moment` was left by a node that died.
    package func claimed(since moment: Timestamp) throws -> Int {
        try sql.first(
            "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM storage_claims WHERE id <> '' AND claimed_at >= $1",
            [.init(moment)])?.integer("bytes") ?? 0
    }

    /// Notes that this transaction adds so much.
    package func add(_ bytes: Int, at now: Timestamp) throws {
        try sql.execute(
            """
            INSERT INTO storage_claims (id, bytes, claimed_at) VALUES ('', $1, $2)
            ON CONFLICT (id) DO UPDATE SET bytes = storage_claims.bytes + excluded.bytes, claimed_at = excluded.claimed_at
            """, [.init(bytes), .init(now)])
    }

    /// Notes that the holder of `id` may add so much.
    package func claim(_ bytes: Int, as id: String, at now: Timestamp) throws {
        try sql.execute(
            "INSERT INTO storage_claims (id, bytes, claimed_at) VALUES ($1, $2, $3)",
            [.text(id), .init(bytes), .init(now)])
    }

    /// Gives a claim up; does nothing when it was given up before.
    package func release(_ id: String) throws {
        try sql.execute("DELETE FROM storage_claims WHERE id = $1 AND id <> ''", [.text(id)])
    }

    /// Forgets the claims that `claimed(since:)` does not count.
    package func deleteClaims(before moment: Timestamp) throws {
        try sql.execute("DELETE FROM storage_claims WHERE id <> '' AND claimed_at < $1", [.init(moment)])
    }
}
