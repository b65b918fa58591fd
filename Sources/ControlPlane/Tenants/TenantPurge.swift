import Domain
import JSON
import Persistence

/// The end of a tenant: its rows go now, its schema and files right after, its subdomain stays taken for a while.
enum TenantPurge {
    /// Removes the rows and puts the removal of the rest on record, in one transaction.
    static func apply(to tenant: TenantRecord, _ sql: any SQLSession, at now: Timestamp) throws -> AuditNote {
        try TenantRepository(sql).purge(tenant.id, at: now)
        try Teardown.record(tenant.id, sql, at: now)
        return AuditNote(
            "tenant.purge", target: tenant.id.text, tenant: tenant.id,
            detail: ["name": .string(tenant.name), "subdomain": .string(tenant.subdomain.text)])
    }
}
