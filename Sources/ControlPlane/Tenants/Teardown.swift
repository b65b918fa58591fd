import Domain
import Persistence

/// Takes a tenant's schema, files and journal away. What is to be taken away is on record until all of it is gone.
struct Teardown: Sendable {
    let platform: Platform

    /// Marks an unfinished provisioning for removal and frees its subdomain.
    ///
    /// - Parameter moment: with it, only a run that nobody has touched since is given up.
    /// - Returns: false when there is no such run, or it has gone on.
    func abandon(_ id: TenantID, unchangedSince moment: Timestamp?) async throws -> Bool {
        let now = platform.surroundings.now()
        return try await platform.database.write(.platform) { sql in
            guard let run = try ProvisioningRepository(sql).find(id) else { return false }
            if run.isTeardown { return true }
            if let moment, run.updatedAt > moment { return false }
            if let tenant = try TenantRepository(sql).find(id), tenant.isProvisioned { return false }
            try TenantRepository(sql).discard(id)
            try Self.record(id, sql, at: now)
            return true
        }
    }

    /// Marks for removal what a broken-off restore has left of a tenant that was not there before. One that was there keeps
    /// its account and stays hidden: only the operator can say what it should hold.
    ///
    /// - Returns: false when the tenant was there before, or somebody has gone on with the restore.
    func abandonRestore(_ id: TenantID, unchangedSince moment: Timestamp) async throws -> Bool {
        let now = platform.surroundings.now()
        return try await platform.database.write(.platform) { sql in
            guard let run = try ProvisioningRepository(sql).find(id), run.isRestore, run.updatedAt <= moment,
                try TenantRepository(sql).find(id) == nil
            else { return false }
            try ProvisioningRepository(sql).delete(id)
            try Self.record(id, sql, at: now)
            return true
        }
    }

    /// In the transaction that removes a tenant's rows: puts the removal of the rest on record.
    static func record(_ id: TenantID, _ sql: any SQLSession, at now: Timestamp) throws {
        try ProvisioningRepository(sql).insert(
            ProvisioningRecord(
                tenantID: id, idempotencyKeyHash: nil, fingerprint: "", completedSteps: ProvisioningRecord.teardown,
                startedAt: now, updatedAt: now))
    }

    /// Removes everything, then forgets that it was to be removed. Safe to run twice.
    func finish(_ id: TenantID) async throws {
        try await platform.database.dropSchema(id)
        try await platform.objects.deleteAll(id)
        try await platform.journal.remove(tenant: id)
        try await platform.database.write(.platform) { sql in
            if let run = try ProvisioningRepository(sql).find(id), run.isTeardown {
                try ProvisioningRepository(sql).delete(id)
            }
        }
    }
}
