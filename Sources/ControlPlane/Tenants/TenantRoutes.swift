import Domain
import HTTPTypes
import JSON
import Persistence

/// `/tenants…` for the administrator and `/tenant` for the tenant itself.
enum TenantRoutes {
    static func endpoints(_ observer: ProvisioningObserver?) -> [Endpoint] {
        [
            Endpoint(
                .post, "/tenants", body: .json,
                .admin { try await TenantProvisioning(context: $0, observer: observer).run() }),
            Endpoint(.get, "/tenants", query: Paging.parameterNames + ["status", "plan", "search"], .admin(list)),
            Endpoint(.get, "/tenants/{tenant_id}", .admin(show)),
            Endpoint(.patch, "/tenants/{tenant_id}", body: .mergePatch, .admin(update)),
            Endpoint(.delete, "/tenants/{tenant_id}", .admin(delete)),
            Endpoint(.post, "/tenants/{tenant_id}/restore", body: .optionalJSON, .admin(restore)),
            Endpoint(.post, "/tenants/{tenant_id}/purge", body: .optionalJSON, .admin(purge)),
            Endpoint(.get, "/tenant", openToSuspended: true, .tenant(.read, showOwn)),
            Endpoint(.patch, "/tenant", body: .mergePatch, .tenant(.admin, updateOwn)),
        ]
    }

    private static func list(_ context: AdminContext) async throws -> Reply {
        let violations = context.request.query.violations()
        let query = context.request.query
        let paging = Paging(query, violations)
        let filter = TenantFilter(
            status: query.choice("status", TenantStatus.self, violations), plan: query["plan"], search: query["search"])
        try violations.throwIfAny()
        let platform = context.platform
        return try await context.read { sql in
            try paging.reply(
                page: { try TenantRepository(sql).list(filter, page: $0) },
                after: { try TenantRepository(sql).list(filter, after: $0, limit: $1) },
                json: { $0.json(platform) })
        }
    }

    private static func show(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        let tenant = try await context.read { sql in try find(id, sql) }
        return .object(tenant.json(context.platform), version: tenant.version)
    }

    private static func update(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        let patch = TenantPatch(try context.request.json(), plans: context.platform.plans)
        return try await context.write { sql in
            let before = try find(id, sql)
            try context.request.requireMatch(version: before.version)
            if before.status == .deleted { throw deleted }
            var tenant = before
            try patch.apply(to: &tenant)
            return try save(
                tenant, before: before, sql, context.platform, action: "tenant.update",
                detail: changes(from: before, to: tenant))
        }
    }

    private static func delete(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        return try await context.write { sql in
            let before = try find(id, sql)
            try context.request.requireMatch(version: before.version)
            if before.status == .deleted { return Change(.noContent, audit: []) }
            _ = try TenantRepository(sql).delete(id, at: context.platform.surroundings.now())
            return Change(
                .noContent,
                audit: [
                    AuditNote(
                        "tenant.delete", target: id.text, tenant: id,
                        detail: ["status": .string(before.status.rawValue)])
                ], announcing: [.tenantChanged(id)])
        }
    }

    private static func restore(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        return try await context.write { sql in
            _ = try find(id, sql)
            guard try TenantRepository(sql).restore(id, at: context.platform.surroundings.now()) else {
                throw Problem(.conflict, code: "tenant_not_deleted", detail: "The tenant is not deleted.")
            }
            let tenant = try find(id, sql)
            return Change(
                .object(tenant.json(context.platform), version: tenant.version),
                audit: [
                    AuditNote(
                        "tenant.restore", target: id.text, tenant: id,
                        detail: ["status": .string(tenant.status.rawValue)])
                ], announcing: [.tenantChanged(id)])
        }
    }

    private static func purge(_ context: AdminContext) async throws -> Reply {
        let id = try context.request.tenantID()
        let now = context.platform.surroundings.now()
        let reply = try await context.write { sql in
            let tenant = try find(id, sql)
            guard tenant.status == .deleted else {
                throw Problem(
                    .conflict, code: "tenant_not_deleted",
                    detail: "Only a deleted tenant can be purged; delete it first.")
            }
            return Change(
                .noContent, audit: [try TenantPurge.apply(to: tenant, sql, at: now)],
                announcing: [.tenantChanged(id)])
        }
        // The answer stands even when this fails: the removal is on record and the reconciler takes it up.
        try? await Teardown(platform: context.platform).finish(id)
        return reply
    }

    private static func showOwn(_ context: TenantContext) async throws -> Reply {
        .object(context.tenant.json(context.platform), version: context.tenant.version)
    }

    private static func updateOwn(_ context: TenantContext) async throws -> Reply {
        let violations = Violations()
        let reader = ObjectReader(try context.request.json(), known: ["name"], violations: violations)
        if reader?.isNull("name") == true { reader?.refuse("name", "required", "cannot be removed") }
        let name = reader?.name("name")
        try violations.throwIfAny()
        return try await context.writeAccount { sql, id in
            let before = try find(id, sql)
            try context.request.requireMatch(version: before.version)
            var tenant = before
            if let name { tenant.name = name }
            return try save(
                tenant, before: before, sql, context.platform, action: "tenant.update",
                detail: changes(from: before, to: tenant))
        }
    }

    // MARK: - Shared

    /// - Throws: 404 for an id that is not there and for a tenant that is still being made.
    static func find(_ id: TenantID, _ sql: any SQLSession) throws -> TenantRecord {
        guard let tenant = try TenantRepository(sql).find(id), tenant.isProvisioned else {
            throw Problem.notFound("tenant")
        }
        return tenant
    }

    /// What a write to a deleted tenant answers.
    static let deleted = Problem(
        .conflict, code: "tenant_deleted", detail: "The tenant is deleted; restore it before you change it.")

    private static func save(
        _ tenant: TenantRecord, before: TenantRecord, _ sql: any SQLSession, _ platform: Platform, action: String,
        detail: JSON
    ) throws -> Change {
        if tenant == before { return Change(.object(before.json(platform), version: before.version), audit: []) }
        var tenant = tenant
        tenant.updatedAt = platform.surroundings.now()
        guard let saved = try TenantRepository(sql).update(tenant, expectedVersion: before.version) else {
            throw Problem(.conflict, code: "conflict", detail: "Somebody else has just changed the tenant; try again.")
        }
        return Change(
            .object(saved.json(platform), version: saved.version),
            audit: [AuditNote(action, target: saved.id.text, tenant: saved.id, detail: detail)],
            announcing: [.tenantChanged(saved.id)])
    }

    /// For the audit log: each changed field, before and after.
    private static func changes(from before: TenantRecord, to after: TenantRecord) -> JSON {
        var result: JSONObject = [:]
        func note(_ field: String, _ old: JSON, _ new: JSON) {
            if old != new { result[field] = ["from": old, "to": new] }
        }
        note("name", .string(before.name), .string(after.name))
        note("plan", .string(before.plan), .string(after.plan))
        note("status", .string(before.status.rawValue), .string(after.status.rawValue))
        note("admin_email", .string(before.adminEmail), .string(after.adminEmail))
        note("admin_name", .string(before.adminName), .string(after.adminName))
        note("quotas", overrides(before.quotaOverrides), overrides(after.quotaOverrides))
        note("permissions", overrides(before.permissionOverrides), overrides(after.permissionOverrides))
        return .object(result)
    }

    private static func overrides(_ quotas: [QuotaKey: QuotaLimit]) -> JSON {
        .object(
            JSONObject(QuotaKey.allCases.compactMap { key in quotas[key].map { (key.rawValue, JSON($0.wireValue)) } }))
    }

    private static func overrides(_ permissions: [PermissionKey: Bool]) -> JSON {
        .object(
            JSONObject(PermissionKey.allCases.compactMap { key in permissions[key].map { (key.rawValue, JSON($0)) } }))
    }
}
