import Domain
import Logging
import Metering
import Persistence

/// What a request is going to store, and whether the plan's `max_storage_mb` has room for it.
///
/// What is stored was measured when this was made, since objects cannot be listed within a transaction. What others have added
/// since, and what they have claimed, is read in the transaction that takes the room: of requests that race for the last
/// room, on however many nodes, no more get it than fit.
struct StorageRoom: Sendable {
    /// No request lasts as long as this: an older claim was left by a node that died.
    private static let longestClaim = Duration.seconds(3600)

    private let bytes: Int
    private let limit: QuotaLimit
    /// Bytes, measured.
    private let stored: Int
    /// How much had ever been added when the measuring began.
    private let added: Int
    private let now: Timestamp
    private let plans: PlanCatalog
    private let letsPass: @Sendable () -> Bool
    private let onlyReports: Bool
    private var claim: (id: String, isOver: Bool)?

    /// Measures what the tenant keeps, unless its plan has no limit.
    ///
    /// - Parameters:
    ///   - bytes: how much the request is going to store.
    ///   - isStored: whether it is in the object store already, since its size could not be known before.
    init(for bytes: Int, isStored: Bool = false, in context: TenantContext) async throws {
        self.bytes = bytes
        limit = context.entitlements.limit(.maxStorageMB)
        plans = context.platform.plans
        letsPass = { context.letsPass(.maxStorageMB) }
        onlyReports = context.platform.enforcement.onlyReports(context.entitlements.enforcement)
        now = context.platform.surroundings.now()
        guard limit.value != nil else {
            (stored, added) = (0, 0)
            return
        }
        // In this order: what comes in between is counted twice rather than not at all.
        added = try await context.read { sql in try StorageClaimRepository(sql).added() }
        stored = try await context.storedBytes() - (isStored ? bytes : 0)
        await context.platform.watch.look(
            at: .maxStorageMB, used: Self.megabytes(stored + bytes), limit: limit.value, of: context.tenant)
    }

    /// Refuses early what would not fit even if nobody else stored anything.
    func checkAhead() throws {
        let needed = Self.megabytes(stored + bytes)
        guard limit.allows(needed) || onlyReports else { throw refusal(needed) }
    }

    /// Refuses what does not fit. Runs in the transaction that stores.
    ///
    /// - Returns: whether this is over the limit, though it passes.
    func take(_ sql: any SQLSession) throws -> Bool {
        guard limit.value != nil else { return false }
        let claims = StorageClaimRepository(sql)
        let isOver: Bool
        if let claim {
            try claims.release(claim.id)
            isOver = claim.isOver
        } else {
            isOver = try check(claims)
        }
        try claims.add(bytes, at: now)
        return isOver
    }

    /// Runs `body`, which first stores objects and then takes the room in a transaction, with the room claimed before: an
    /// object that does not fit is never stored.
    func claimed(
        in context: TenantContext, _ body: (StorageRoom) async throws -> Reply
    ) async throws -> Reply {
        guard limit.value != nil else { return try await body(self) }
        let id = String(context.platform.surroundings.random(), radix: 36)
        let scope = DatabaseScope.tenant(context.tenant.id)
        let isOver = try await context.platform.database.write(scope) { sql in
            let claims = StorageClaimRepository(sql)
            try claims.deleteClaims(before: now - Self.longestClaim)
            let isOver = try check(claims)
            try claims.claim(bytes, as: id, at: now)
            return isOver
        }
        var room = self
        room.claim = (id, isOver)
        func release() async {
            do {
                try await context.platform.database.write(scope) { sql in try StorageClaimRepository(sql).release(id) }
            } catch {
                context.request.logger.warning(
                    "a claim to storage could not be given up, and lapses within an hour",
                    metadata: ["tenant_id": "\(context.tenant.id)", "bytes": "\(bytes)", "error": "\(error)"])
            }
        }
        do {
            let reply = try await body(room)
            // What a repeated request brought is not kept.
            if reply.isReplayed { await release() }
            return reply
        } catch {
            await release()
            throw error
        }
    }

    private func check(_ claims: StorageClaimRepository) throws -> Bool {
        let meanwhile = try claims.added() - added + claims.claimed(since: now - Self.longestClaim)
        let needed = Self.megabytes(stored + meanwhile + bytes)
        if limit.allows(needed) { return false }
        if letsPass() { return true }
        throw refusal(needed)
    }

    private func refusal(_ needed: Int) -> Problem {
        .quotaExceeded(.maxStorageMB, limit: limit, current: Self.megabytes(stored), needed: needed, plans: plans)
    }

    private static func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
