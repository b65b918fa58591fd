import Domain
import Logging
import Persistence

/// Undoes provisioning that nobody finishes, completes removals that a crash broke off, and purges what was deleted long
/// ago. Only what the platform has on record is ever removed: a schema that it does not know is reported, never dropped.
package struct ProvisioningReconciler: Reconciler {
    package let name = "provisioning"
    private let platform: Platform
    /// How long a run may stand still before it counts as abandoned.
    private let patience: Duration

    package init(platform: Platform, patience: Duration = .seconds(15 * 60)) {
        self.platform = platform
        self.patience = patience
    }

    package func reconcile() async throws {
        try await undoAbandonedRuns()
        try await purgeExpiredTenants()
        try await finishRemovals()
        try await reportStrangers()
    }

    private func undoAbandonedRuns() async throws {
        let limit = platform.surroundings.now() - patience
        let runs = try await platform.database.read(.platform) { sql in
            try ProvisioningRepository(sql).stale(before: limit, limit: 100)
        }
        for run in runs where !run.isTeardown && run.completedSteps != ProvisioningRecord.moving {
            if run.isRestore {
                guard try await Teardown(platform: platform).abandonRestore(run.tenantID, unchangedSince: limit) else {
                    platform.logger.warning(
                        "the restore of a tenant was broken off; it answers nothing until `mockforge backup restore` is run again",
                        metadata: ["tenant_id": "\(run.tenantID)"])
                    continue
                }
            } else {
                _ = try await Teardown(platform: platform).abandon(run.tenantID, unchangedSince: limit)
            }
        }
    }

    private func purgeExpiredTenants() async throws {
        let now = platform.surroundings.now()
        let expired = try await platform.database.read(.platform) { sql in
            try TenantRepository(sql).deleted(before: now - TenantRecord.retention, limit: 100)
        }
        for tenant in expired {
            try await platform.database.write(.platform) { sql in
                // It may have been restored since the look.
                guard let current = try TenantRepository(sql).find(tenant.id), current.status == .deleted,
                    current.deletedAt == tenant.deletedAt
                else { return }
                let note = try TenantPurge.apply(to: current, sql, at: now)
                try AuditRepository(sql).insert(
                    AuditRecord(
                        id: AuditID(from: platform.surroundings), at: now, tenantID: current.id,
                        actor: Actor.system.name, action: note.action, target: note.target, requestID: "",
                        detail: note.detail))
            }
            await platform.announcements.publish(.tenantChanged(tenant.id))
        }
    }

    private func finishRemovals() async throws {
        let now = platform.surroundings.now()
        let runs = try await platform.database.read(.platform) { sql in
            // A second on, so that the removals which this very pass has put on record are among them.
            try ProvisioningRepository(sql).stale(before: now + .seconds(1), limit: 1000)
        }
        for run in runs where run.isTeardown { try await Teardown(platform: platform).finish(run.tenantID) }
    }

    private func reportStrangers() async throws {
        // The schemas first: a run is on record before its schema is made, so one that is then unknown is truly nobody's.
        let schemas = Set(try await platform.database.schemas()).union(try await platform.objects.tenants())
        let strangers = try await platform.database.read(.platform) { sql in
            try schemas.filter {
                try TenantRepository(sql).find($0) == nil && ProvisioningRepository(sql).find($0) == nil
            }
        }
        for id in strangers.sorted() {
            platform.logger.warning(
                "a schema or storage prefix belongs to no tenant; it is kept", metadata: ["tenant_id": "\(id)"])
        }
    }
}
