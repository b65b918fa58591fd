import Domain
import HTTPTypes
import JSON
import Metering
import Persistence

/// `/workspaces/{workspace_id}/mocks`: the mocked APIs of a workspace.
enum MockRoutes {
    private static let collection = "/workspaces/{workspace_id}/mocks"
    private static let item = "/workspaces/{workspace_id}/mocks/{mock_id}"

    static let endpoints: [Endpoint] = [
        Endpoint(.get, collection, query: Paging.parameterNames, .tenant(.read, list)),
        Endpoint(.post, collection, body: .json, .tenant(.write, create)),
        Endpoint(.get, item, .tenant(.read, show)),
        Endpoint(.patch, item, body: .mergePatch, .tenant(.write, update)),
        Endpoint(.delete, item, .tenant(.write, delete)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let paging = try context.request.paging()
        let workspaceID = try context.workspaceID()
        return try await context.read { sql in
            guard try WorkspaceRepository(sql).find(workspaceID) != nil else { throw Problem.notFound("workspace") }
            let mocks = MockRepository(sql)
            return try paging.reply(
                page: { try mocks.list(workspace: workspaceID, page: $0) },
                after: { try mocks.list(workspace: workspaceID, after: $0, limit: $1) }, json: \.json)
        }
    }

    private static func create(_ context: TenantContext) async throws -> Reply {
        let workspaceID = try context.workspaceID()
        let violations = Violations()
        let draft = MockDraft(try context.request.json(), violations)
        try violations.throwIfAny()
        let now = context.platform.surroundings.now()
        let record = draft.record(id: MockID(from: context.platform.surroundings), in: workspaceID, at: now)
        let quota = MockQuota(context)
        return try await context.write { sql in
            guard try WorkspaceRepository(sql).find(workspaceID) != nil else { throw Problem.notFound("workspace") }
            let isOver = try quota.check(sql)
            try MockRepository(sql).insert(record)
            var reply = Reply.created(
                record.json, location: "/api/v1/workspaces/\(workspaceID)/mocks/\(record.id)",
                version: record.version)
            if isOver { reply.nameLimit(.maxMocks) }
            return Change(
                reply,
                audit: [AuditNote("mock.create", target: record.id.text, detail: ["name": .string(record.name)])],
                announcing: [.mocksChanged(context.tenant.id, workspaceID)])
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let (workspaceID, mockID) = (try context.workspaceID(), try context.mockID())
        let mock = try await context.read { sql in try MockRepository(sql).require(mockID, in: workspaceID) }
        return .object(mock.json, version: mock.version)
    }

    private static func update(_ context: TenantContext) async throws -> Reply {
        let (workspaceID, mockID) = (try context.workspaceID(), try context.mockID())
        let patch = try context.request.json()
        let now = context.platform.surroundings.now()
        return try await context.write { sql in
            let current = try MockRepository(sql).require(mockID, in: workspaceID)
            try context.request.requireMatch(version: current.version)
            let violations = Violations()
            var record = current
            MockDraft.apply(patch, to: &record, violations)
            try violations.throwIfAny()
            record.updatedAt = now
            guard let stored = try MockRepository(sql).update(record, expectedVersion: current.version) else {
                throw Problem.changedMeanwhile
            }
            return Change(
                .object(stored.json, version: stored.version),
                audit: [AuditNote("mock.update", target: mockID.text, detail: WorkspaceRoutes.changedFields(patch))],
                announcing: [.mocksChanged(context.tenant.id, workspaceID)])
        }
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let (workspaceID, mockID) = (try context.workspaceID(), try context.mockID())
        let reply = try await context.write { sql in
            let current = try MockRepository(sql).require(mockID, in: workspaceID)
            try context.request.requireMatch(version: current.version)
            _ = try MockRepository(sql).delete(mockID)
            return Change(
                .noContent,
                audit: [AuditNote("mock.delete", target: mockID.text, detail: ["name": .string(current.name)])],
                announcing: [.mocksChanged(context.tenant.id, workspaceID)])
        }
        await context.removeObjects(below: ImportedSource.prefix(workspaceID, mockID))
        return reply
    }
}

/// The plan's limit on mocks, over all workspaces of the tenant.
struct MockQuota: Sendable {
    private let limit: QuotaLimit
    private let plans: PlanCatalog
    private let letsPass: @Sendable () -> Bool
    private let onlyReports: Bool

    init(_ context: TenantContext) {
        onlyReports = context.platform.enforcement.onlyReports(context.entitlements.enforcement)
        letsPass = { context.letsPass(.maxMocks) }
        limit = context.entitlements.limit(.maxMocks)
        plans = context.platform.plans
    }

    /// Refuses one more. Runs in the transaction that inserts, so that two racing requests cannot both pass.
    ///
    /// - Returns: whether one more is over the limit, though it passes.
    func check(_ sql: any SQLSession) throws -> Bool {
        let count = try MockRepository(sql).count()
        if limit.allows(count + 1) { return false }
        if letsPass() { return true }
        throw Problem.quotaExceeded(.maxMocks, limit: limit, current: count, plans: plans)
    }

    /// Refuses early what `check` would refuse later; counts nothing as passed.
    func checkAhead(_ sql: any SQLSession) throws {
        if !onlyReports { _ = try check(sql) }
    }
}

extension MockRepository {
    /// The mock, if it is in that workspace.
    func require(_ id: MockID, in workspace: WorkspaceID) throws -> MockRecord {
        guard let mock = try find(id), mock.workspaceID == workspace else { throw Problem.notFound("mock") }
        return mock
    }
}
