package import Domain

/// Who is signed in. A session is found by the hash of its token, so that the store holds nothing that opens anything, and
/// nothing that cannot be lost: a member whose session is gone signs in again.
package protocol SessionStore: Sendable {
    /// Keeps a session for `idle`, unless it is asked for before that.
    ///
    /// - Throws: `SharedStateError` when the store cannot be reached.
    func insert(_ session: SessionRecord, under hash: String, of tenant: TenantID, for idle: Duration) async throws

    /// The session, which from now on is kept for `idle` again. Nil when there is none or nobody asked for it in time; the
    /// caller looks at `endsAt`.
    ///
    /// - Throws: `SharedStateError` when the store cannot be reached.
    func find(_ hash: String, of tenant: TenantID, keepingFor idle: Duration) async throws -> SessionRecord?

    /// Ends a session; does nothing when there is none.
    ///
    /// - Throws: `SharedStateError` when the store cannot be reached.
    func remove(_ hash: String, of tenant: TenantID) async throws
}

/// What is known of a session.
package struct SessionRecord: Sendable, Hashable {
    package var member: MemberID
    package var createdAt: Timestamp
    /// When it ends, however often it is used.
    package var endsAt: Timestamp

    package init(member: MemberID, createdAt: Timestamp, endsAt: Timestamp) {
        self.member = member
        self.createdAt = createdAt
        self.endsAt = endsAt
    }
}
