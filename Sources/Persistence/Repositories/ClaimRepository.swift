package import Domain

/// `platform.background_claims`: which node does work that only one may do, and when it was last done.
package struct ClaimRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    /// When the work was last begun that was then completed; nil when it never was.
    package func lastBegun(_ name: String) throws -> Timestamp? {
        try sql.first("SELECT last_begun_at FROM background_claims WHERE name = $1", [.text(name)])?
            .optionalTimestamp("last_begun_at")
    }

    /// Takes the work on, unless another node has it or has done it since `last`.
    ///
    /// - Parameter end: when the claim lapses unless renewed: a node that died holds nothing up for longer.
    /// - Returns: whether it is ours now.
    package func claim(
        _ name: String, holder: String, last: Timestamp?, until end: Timestamp, at now: Timestamp
    ) throws -> Bool {
        try sql.execute(
            """
            INSERT INTO background_claims (name, holder, claimed_until, last_begun_at) VALUES ($1, '', 0, NULL)
            ON CONFLICT DO NOTHING
            """, [.text(name)])
        return try sql.execute(
            """
            UPDATE background_claims SET holder = $2, claimed_until = $3
            WHERE name = $1 AND claimed_until <= $4 AND COALESCE(last_begun_at, 0) = $5
            """,
            [.text(name), .text(holder), .init(end), .init(now), .init(last ?? Timestamp(microseconds: 0))]) == 1
    }

    /// Keeps a claim for longer; does nothing when it was lost.
    package func renew(_ name: String, holder: String, until end: Timestamp) throws {
        try sql.execute(
            "UPDATE background_claims SET claimed_until = $3 WHERE name = $1 AND holder = $2",
            [.text(name), .text(holder), .init(end)])
    }

    /// Notes that what was begun then is done, and gives the claim back.
    package func complete(_ name: String, holder: String, begunAt: Timestamp) throws {
        try sql.execute(
            """
            UPDATE background_claims SET holder = '', claimed_until = 0, last_begun_at = $3
            WHERE name = $1 AND holder = $2
            """, [.text(name), .text(holder), .init(begunAt)])
    }
}
