import Domain
import HTTPTypes
import JSON
import Persistence

/// `/workspaces`: a tenant's environments, each with mocks and settings of its own.
enum WorkspaceRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/workspaces", query: Paging.parameterNames, .tenant(.read, list)),
        Endpoint(.post, "/workspaces", body: .json, .tenant(.write, create)),
        Endpoint(.get, "/workspaces/{workspace_id}", .tenant(.read, show)),
        Endpoint(.patch, "/workspaces/{workspace_id}", body: .mergePatch, .tenant(.write, update)),
        Endpoint(.delete, "/workspaces/{workspace_id}", .tenant(.write, delete)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let paging = try context.request.paging()
        return try await context.read { sql in
            let workspaces = WorkspaceRepository(sql)
            return try paging.reply(
                page: { try workspaces.list(page: $0) }, after: { try workspaces.list(after: $0, limit: $1) },
                json: \.json)
        }
    }

    private static func create(_ context: TenantContext) async throws -> Reply {
        let violations = Violations()
        let draft = WorkspaceDraft(try context.request.json(), violations)
        try violations.throwIfAny()
        let now = context.platform.surroundings.now()
        let record = try draft.record(id: WorkspaceID(from: context.platform.surroundings), at: now)
        let (limit, plans) = (context.entitlements.limit(.maxWorkspaces), context.platform.plans)
        return try await context.write { sql in
            let workspaces = WorkspaceRepository(sql)
            let count = try workspaces.count()
            let isOver = !limit.allows(count + 1)
            if isOver, !context.letsPass(.maxWorkspaces) {
                throw Problem.quotaExceeded(.maxWorkspaces, limit: limit, current: count, plans: plans)
            }
            guard try workspaces.find(slug: record.slug) == nil else { throw slugTaken(record.slug) }
            try workspaces.insert(record)
            var reply = Reply.created(
                record.json, location: "/api/v1/workspaces/\(record.id)", version: record.version)
            if isOver { reply.nameLimit(.maxWorkspaces) }
            return Change(
                reply,
                audit: [AuditNote("workspace.create", target: record.id.text, detail: ["name": .string(record.name)])],
                announcing: [.tenantChanged(context.tenant.id)])
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let workspace = try await context.workspace()
        return .object(workspace.json, version: workspace.version)
    }

    private static func update(_ context: TenantContext) async throws -> Reply {
        let id = try context.workspaceID()
        let patch = try context.request.json()
        let now = context.platform.surroundings.now()
        return try await context.write { sql in
            let workspaces = WorkspaceRepository(sql)
            guard let current = try workspaces.find(id) else { throw Problem.notFound("workspace") }
            try context.request.requireMatch(version: current.version)
            let violations = Violations()
            var record = current
            WorkspaceDraft.apply(patch, to: &record, violations)
            try violations.throwIfAny()
            if let other = try workspaces.find(slug: record.slug), other.id != id { throw slugTaken(record.slug) }
            record.updatedAt = now
            guard let stored = try workspaces.update(record, expectedVersion: current.version) else {
                throw Problem.changedMeanwhile
            }
            return Change(
                .object(stored.json, version: stored.version),
                audit: [AuditNote("workspace.update", target: id.text, detail: changedFields(patch))],
                announcing: [.tenantChanged(context.tenant.id), .mocksChanged(context.tenant.id, id)])
        }
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let id = try context.workspaceID()
        let reply = try await context.write { sql in
            let workspaces = WorkspaceRepository(sql)
            guard let current = try workspaces.find(id) else { throw Problem.notFound("workspace") }
            try context.request.requireMatch(version: current.version)
            guard !current.isDefault else {
                throw Problem(
                    .conflict, code: "default_workspace",
                    detail: "The default workspace answers the tenant's own address and cannot be deleted.")
            }
            _ = try workspaces.delete(id)
            return Change(
                .noContent,
                audit: [AuditNote("workspace.delete", target: id.text, detail: ["name": .string(current.name)])],
                announcing: [.tenantChanged(context.tenant.id), .mocksChanged(context.tenant.id, id)])
        }
        try await context.platform.journal.clear(tenant: context.tenant.id, workspace: id)
        await context.removeObjects(below: ImportedSource.prefix(id))
        return reply
    }

    private static func slugTaken(_ slug: Slug) -> Problem {
        Problem(
            .conflict, code: "slug_taken",
            detail: "Another workspace has the slug \"\(slug)\"; give this one another \"slug\".",
            errors: [Violation(JSONPointer(["slug"]), "slug_taken", "is the slug of another workspace")])
    }

    /// What the audit log keeps of a patch: which fields, since their values may be long.
    static func changedFields(_ patch: JSON) -> JSON {
        ["fields": .array((patch.object?.keys ?? []).map { .string($0) })]
    }
}
