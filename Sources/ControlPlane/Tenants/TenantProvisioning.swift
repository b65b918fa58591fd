import Domain
import JSON
import Logging
import Persistence

/// One request's attempt to bring a tenant into being, from its start or from where an earlier attempt ended.
struct TenantProvisioning: Sendable {
    let context: AdminContext
    let observer: ProvisioningObserver?

    private var platform: Platform { context.platform }
    private var database: any Database { context.platform.database }

    private enum Beginning: Sendable {
        case replayed(Reply)
        case run(ProvisioningRecord)
    }

    /// Runs the steps and answers 201; a repeated request gets the stored answer.
    func run() async throws -> Reply {
        let new = try NewTenant(try context.request.json(), plans: platform.plans)
        let key = try IdempotencyKey(context.request, of: .admin)
        let record: ProvisioningRecord
        switch try await begin(new, key) {
        case .replayed(let reply): return reply
        case .run(let found): record = found
        }
        do {
            try await observer?(.validate, record.tenantID)
            return try await perform(new, key, record)
        } catch {
            // A run that can be retried is left for the retry; any other would be left behind for good.
            if key == nil || error is Problem {
                let teardown = Teardown(platform: platform)
                do {
                    if try await teardown.abandon(record.tenantID, unchangedSince: nil) {
                        try await teardown.finish(record.tenantID)
                    }
                } catch {
                    context.request.logger.warning(
                        "a failed provisioning waits for the reconciler",
                        metadata: ["tenant_id": "\(record.tenantID)", "error": "\(error)"])
                }
            }
            throw error
        }
    }

    /// Step 1: finds the stored answer or the run that an earlier request began, else puts a new run on record.
    private func begin(_ new: NewTenant, _ key: IdempotencyKey?) async throws -> Beginning {
        let now = platform.surroundings.now()
        let fresh = ProvisioningRecord(
            tenantID: TenantID(from: platform.surroundings), idempotencyKeyHash: key?.hash,
            fingerprint: IdempotencyKey.fingerprint(context.request),
            completedSteps: ProvisioningStep.validate.rawValue,
            startedAt: now, updatedAt: now)
        return try await database.write(.platform) { sql in
            if let key {
                if let reply = try key.storedReply(sql, fingerprint: fresh.fingerprint, at: now) {
                    return .replayed(reply)
                }
                if let running = try ProvisioningRepository(sql).find(idempotencyKeyHash: key.hash) {
                    guard running.fingerprint == fresh.fingerprint else { throw IdempotencyKey.reused }
                    try ProvisioningRepository(sql).update(
                        running.tenantID, completedSteps: running.completedSteps, at: now)
                    return .run(running)
                }
            }
            try Self.requireFree(new.subdomain, sql, at: now)
            try ProvisioningRepository(sql).insert(fresh)
            return .run(fresh)
        }
    }

    private func perform(_ new: NewTenant, _ key: IdempotencyKey?, _ record: ProvisioningRecord) async throws -> Reply {
        let id = record.tenantID
        let stepsDone = record.completedSteps
        if stepsDone < ProvisioningStep.schema.rawValue {
            try await database.createSchema(id)
            try await note(.schema, id)
        }
        if stepsDone < ProvisioningStep.record.rawValue {
            try await claim(new, id, startedAt: record.startedAt)
            try await note(.record, id)
        }
        if stepsDone < ProvisioningStep.defaultWorkspace.rawValue {
            try await makeDefaultWorkspace(id, new)
            try await note(.defaultWorkspace, id)
        }
        if stepsDone < ProvisioningStep.storage.rawValue {
            try await platform.objects.prepare(id)
            try await note(.storage, id)
        }
        let reply = try await complete(key, id, fingerprint: record.fingerprint)
        await platform.announcements.publish(.tenantChanged(id))
        platform.mailNudge.nudge()
        try await observer?(.welcomeMail, id)
        return reply
    }

    /// Step 3: the tenant's row. A subdomain that is taken is told apart from a repeated step.
    private func claim(_ new: NewTenant, _ id: TenantID, startedAt: Timestamp) async throws {
        let now = platform.surroundings.now()
        try await database.write(.platform) { sql in
            if try TenantRepository(sql).find(id) != nil { return }
            try Self.requireFree(new.subdomain, sql, at: now)
            try TenantRepository(sql).insert(
                TenantRecord(
                    id: id, name: new.name, subdomain: new.subdomain, plan: new.plan, status: .active,
                    adminEmail: new.adminEmail, adminName: new.adminName, quotaOverrides: new.quotaOverrides,
                    permissionOverrides: new.permissionOverrides, isProvisioned: false, createdAt: startedAt,
                    updatedAt: startedAt))
        }
    }

    /// Step 4; the first owner is made with it.
    private func makeDefaultWorkspace(_ id: TenantID, _ new: NewTenant) async throws {
        let now = platform.surroundings.now()
        let workspace = WorkspaceRecord(
            id: WorkspaceID(from: platform.surroundings), slug: .default, name: "Default",
            description: "The workspace that answers at the tenant's own address.", isDefault: true, settings: [:],
            createdAt: now, updatedAt: now)
        let owner = FirstOwner(email: new.adminEmail, name: new.adminName, since: now, platform.surroundings)
        try await database.write(.tenant(id)) { sql in
            try owner.insertIfNeeded(sql)
            let workspaces = WorkspaceRepository(sql)
            if try workspaces.find(slug: .default) == nil { try workspaces.insert(workspace) }
        }
    }

    /// Steps 6 and 7 in one transaction, so that there is never a key without its answer or an answer without its mail.
    private func complete(_ key: IdempotencyKey?, _ id: TenantID, fingerprint: String) async throws -> Reply {
        let now = platform.surroundings.now()
        let secret = APIKeySecret(from: platform.surroundings)
        let keyRecord = secret.record(
            tenant: id, name: "Default", scope: .admin, expiresAt: nil, at: now, platform.surroundings)
        let mailID = MailID(from: platform.surroundings)
        let context = context
        return try await database.write(.platform) { sql in
            if let key, let reply = try key.storedReply(sql, fingerprint: fingerprint, at: now) { return reply }
            guard let run = try ProvisioningRepository(sql).find(id), !run.isTeardown else { throw Self.overtaken }
            try TenantRepository(sql).markProvisioned(id, at: now)
            guard let tenant = try TenantRepository(sql).find(id) else { throw Self.overtaken }
            try APIKeyRepository(sql).insert(keyRecord)
            try OutboxRepository(sql).insert(
                OutboxRecord(
                    mail: WelcomeMail.mail(mailID, to: tenant, context.platform.addresses), tenantID: id,
                    hasLink: true, createdAt: now, nextAttemptAt: now))
            let note = AuditNote(
                "tenant.create", target: id.text, tenant: id,
                detail: [
                    "name": .string(tenant.name), "subdomain": .string(tenant.subdomain.text),
                    "plan": .string(tenant.plan), "key_id": .string(keyRecord.id.text),
                ])
            for row in context.auditRecords([note], as: .admin, at: now) { try AuditRepository(sql).insert(row) }
            try ProvisioningRepository(sql).delete(id)
            let reply = Reply.created(
                tenant.createdJSON(context.platform, apiKey: secret.text), location: "/api/v1/tenants/\(id)",
                version: tenant.version
            ).withSecret()
            if let key { try key.store(reply, sql, fingerprint: fingerprint, at: now) }
            return reply
        }
    }

    /// Puts a step on record.
    private func note(_ step: ProvisioningStep, _ id: TenantID) async throws {
        let now = platform.surroundings.now()
        let isOurs = try await database.write(.platform) { sql in
            guard let run = try ProvisioningRepository(sql).find(id) else {
                // Either another request with the same key has finished the run, or the reconciler has undone it.
                return try TenantRepository(sql).find(id)?.isProvisioned == true
            }
            if run.isTeardown { return false }
            try ProvisioningRepository(sql).update(id, completedSteps: step.rawValue, at: now)
            return true
        }
        guard isOurs else {
            // What this step has just made belongs to nobody any more.
            try await Teardown(platform: platform).finish(id)
            throw Self.overtaken
        }
        try await observer?(step, id)
    }

    private static func requireFree(_ subdomain: Subdomain, _ sql: any SQLSession, at now: Timestamp) throws {
        guard try TenantRepository(sql).isFree(subdomain, at: now) else {
            throw Problem(
                .conflict, code: "subdomain_taken",
                detail: "The subdomain \"\(subdomain)\" belongs to another tenant; choose another one.",
                errors: [Violation(.root / "subdomain", "taken", "belongs to another tenant; choose another one")])
        }
    }

    private static let overtaken = ProvisioningOvertaken()
}

/// The run was rolled back while this request still worked on it; a retry begins a new one.
struct ProvisioningOvertaken: Error {}
