package import Domain

/// The account of each tenant's request rate over all nodes: how much of the quota was used in the last 60 seconds, and how
/// much of it nodes hold to use next. A node takes part of the quota as a lease, uses it without asking, reports what it
/// used, and gives back what it did not use.
///
/// What a driver promises, by its own clock alone: at the moment of any grant, what was reported as used in the last 60
/// seconds, what all nodes hold, and what nodes that never came back held until 60 seconds ago add up to at most the limit.
/// A report counts from the moment it arrives, never from an earlier one. The clocks of nodes play no part.
package protocol RateLeases: Sendable {
    /// Reports, gives back and asks for more, in one step that happens whole or not at all. The same statement (its
    /// `sequence`) sent twice has the effect of one.
    ///
    /// - Throws: when the driver cannot reach its store in time; the caller serves from what it holds and then a share.
    func settle(_ statement: LeaseStatement, of tenant: TenantID) async throws -> LeaseGrant

    /// Says that this node lives.
    ///
    /// - Returns: how many nodes have said so in the last 15 seconds, this one included.
    func beat(node: String) async throws -> Int
}

/// What a node says of one tenant's requests.
package struct LeaseStatement: Sendable, Hashable {
    /// Unique to this run of this process.
    package var node: String
    /// Grows with each of the node's statements about this tenant; below 2^53.
    package var sequence: Int
    /// The tenant's requests in 60 seconds, as the node knows the plan.
    package var limit: Int
    /// Requests admitted since the last statement.
    package var used: Int
    /// What the node still holds of earlier grants and goes on to use; it is renewed with the new grant.
    package var kept: Int
    package var wanted: Int
    /// What this node has reported as used in the last 60 seconds, this statement included: for a store that has lost its
    /// memory.
    package var recent: Int
    /// The account's mark as the node last saw it; 0 when it never did.
    package var epoch: Int64
    /// Nodes that are known to live: the nearer the end of the quota, the smaller a part each may take.
    package var nodes: Int

    package init(
        node: String, sequence: Int, limit: Int, used: Int = 0, kept: Int = 0, wanted: Int = 0, recent: Int = 0,
        epoch: Int64 = 0, nodes: Int = 1
    ) {
        self.node = node
        self.sequence = sequence
        self.limit = limit
        self.used = used
        self.kept = kept
        self.wanted = wanted
        self.recent = recent
        self.epoch = epoch
        self.nodes = nodes
    }
}

/// What a node gets.
package struct LeaseGrant: Sendable, Hashable {
    /// Requests that the node may admit beside what it kept.
    package var granted: Int
    /// How long, from the moment the store answered, the node may use what it holds.
    package var lifetimeMicroseconds: Int64
    /// Used in the last 60 seconds and held now, over all nodes.
    package var taken: Int
    /// When the next part of the quota gets free for certain; nil when nothing is taken, or all of it is held unused.
    package var freeInMicroseconds: Int64?
    /// The account's mark: another one than before means that the store has lost its memory.
    package var epoch: Int64

    package init(
        granted: Int, lifetimeMicroseconds: Int64, taken: Int, freeInMicroseconds: Int64?, epoch: Int64
    ) {
        self.granted = granted
        self.lifetimeMicroseconds = lifetimeMicroseconds
        self.taken = taken
        self.freeInMicroseconds = freeInMicroseconds
        self.epoch = epoch
    }
}
