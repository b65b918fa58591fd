package import Domain

/// `platform.sign_in_requests` and `platform.sign_in_links`.
package struct SignInRepository {
    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    // MARK: Requests

    package func insert(_ request: SignInRequest) throws {
        try sql.execute(
            "INSERT INTO sign_in_requests (id, subdomain, email, created_at) VALUES ($1, $2, $3, $4)",
            [.init(request.id), .text(request.subdomain), .text(request.email), .init(request.createdAt)])
    }

    /// Longest waiting first.
    package func requests(limit: Int) throws -> [SignInRequest] {
        try sql.query(
            "SELECT id, subdomain, email, created_at FROM sign_in_requests ORDER BY created_at, id LIMIT $1",
            [.init(limit)]
        ).map { row in
            SignInRequest(
                id: try row.id("id"), subdomain: try row.text("subdomain"), email: try row.text("email"),
                createdAt: try row.timestamp("created_at"))
        }
    }

    package func requestCount() throws -> Int {
        try sql.first("SELECT COUNT(*) AS total FROM sign_in_requests", [])?.integer("total") ?? 0
    }

    /// - Returns: false when another node was faster.
    package func deleteRequest(_ id: SignInRequestID) throws -> Bool {
        try sql.execute("DELETE FROM sign_in_requests WHERE id = $1", [.init(id)]) == 1
    }

    // MARK: Links

    package func insert(_ link: SignInLinkRecord) throws {
        try sql.execute(
            """
            INSERT INTO sign_in_links (token_hash, tenant_id, member_id, created_at, expires_at, redeemed_at)
            VALUES ($1, $2, $3, $4, $5, NULL)
            """,
            [
                .text(link.tokenHash), .init(link.tenantID), .init(link.memberID), .init(link.createdAt),
                .init(link.expiresAt),
            ])
    }

    /// The link, used or not.
    package func find(_ tokenHash: String) throws -> SignInLinkRecord? {
        try sql.first(
            "SELECT token_hash, tenant_id, member_id, created_at, expires_at FROM sign_in_links WHERE token_hash = $1",
            [.text(tokenHash)]
        ).map { row in
            SignInLinkRecord(
                tokenHash: try row.text("token_hash"), tenantID: try row.tenant("tenant_id"),
                memberID: try row.id("member_id"), createdAt: try row.timestamp("created_at"),
                expiresAt: try row.timestamp("expires_at"))
        }
    }

    /// Uses a link up, and with it every other link of its member.
    ///
    /// - Returns: false when it is used or expired. Of two at once one gets false.
    package func redeem(_ link: SignInLinkRecord, at now: Timestamp) throws -> Bool {
        let changed = try sql.execute(
            """
            UPDATE sign_in_links SET redeemed_at = $2
            WHERE token_hash = $1 AND redeemed_at IS NULL AND expires_at > $2
            """, [.text(link.tokenHash), .init(now)])
        guard changed == 1 else { return false }
        try sql.execute(
            """
            UPDATE sign_in_links SET redeemed_at = $3
            WHERE tenant_id = $1 AND member_id = $2 AND redeemed_at IS NULL
            """, [.init(link.tenantID), .init(link.memberID), .init(now)])
        return true
    }

    package func deleteExpiredLinks(before moment: Timestamp) throws {
        try sql.execute("DELETE FROM sign_in_links WHERE expires_at < $1", [.init(moment)])
    }
}

/// A row of `platform.sign_in_requests`: somebody who says to be a member wants a link.
package struct SignInRequest: Sendable, Hashable {
    package var id: SignInRequestID
    /// As it was typed, in lower case; perhaps nobody's.
    package var subdomain: String
    /// As it was typed, in lower case; perhaps nobody's.
    package var email: String
    package var createdAt: Timestamp

    package init(id: SignInRequestID, subdomain: String, email: String, createdAt: Timestamp) {
        self.id = id
        self.subdomain = subdomain
        self.email = email
        self.createdAt = createdAt
    }
}

/// A row of `platform.sign_in_links`: a token that was mailed to a member, known by its hash only.
package struct SignInLinkRecord: Sendable, Hashable {
    /// SHA-256 of the token, hexadecimal.
    package var tokenHash: String
    package var tenantID: TenantID
    package var memberID: MemberID
    package var createdAt: Timestamp
    package var expiresAt: Timestamp

    package init(
        tokenHash: String, tenantID: TenantID, memberID: MemberID, createdAt: Timestamp, expiresAt: Timestamp
    ) {
        self.tokenHash = tokenHash
        self.tenantID = tenantID
        self.memberID = memberID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
