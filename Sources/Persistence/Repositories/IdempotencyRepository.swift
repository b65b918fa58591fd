package import Domain

/// `idempotency_keys` of whichever schema the session is in.
package struct IdempotencyRepository {
    /// How long an answer is kept.
    package static let lifetime = Duration.seconds(86_400)

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    /// - Throws: `DatabaseError.uniqueViolation` when the key has an answer already.
    package func insert(_ record: IdempotencyRecord) throws {
        try sql.execute(
            """
            INSERT INTO idempotency_keys (key_hash, fingerprint, status, sealed_reply, created_at)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                .text(record.keyHash), .text(record.fingerprint), .init(record.status), .text(record.sealedReply),
                .init(record.createdAt),
            ])
    }

    package func find(_ keyHash: String) throws -> IdempotencyRecord? {
        try sql.first(
            "SELECT key_hash, fingerprint, status, sealed_reply, created_at FROM idempotency_keys WHERE key_hash = $1",
            [.text(keyHash)]
        ).map { row in
            IdempotencyRecord(
                keyHash: try row.text("key_hash"), fingerprint: try row.text("fingerprint"),
                status: try row.integer("status"), sealedReply: try row.text("sealed_reply"),
                createdAt: try row.timestamp("created_at"))
        }
    }

    /// Does nothing when there is none.
    package func delete(_ keyHash: String) throws {
        try sql.execute("DELETE FROM idempotency_keys WHERE key_hash = $1", [.text(keyHash)])
    }

    /// Removes what has outlived `lifetime`.
    ///
    /// - Returns: how many went.
    @discardableResult
    package func deleteExpired(at now: Timestamp) throws -> Int {
        try sql.execute("DELETE FROM idempotency_keys WHERE created_at <= $1", [.init(now - Self.lifetime)])
    }
}
