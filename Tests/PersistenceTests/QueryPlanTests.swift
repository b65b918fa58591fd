import Domain
import JSON
import Persistence
import Synchronization
import TestSupport
import Testing

/// Every statement of the repositories, asked of SQLite's planner.
@Suite struct `Query plans` {
    /// Passes statements on and notes those that walk a whole table.
    private struct PlanningSession: SQLSession {
        let rowsPerInsertion = 1
        let session: any SQLSession
        let scans: Scans

        final class Scans: Sendable {
            let found = Mutex<[String]>([])
        }

        func execute(_ sql: String, _ parameters: [SQLValue]) throws -> Int {
            try explain(sql, parameters)
            return try session.execute(sql, parameters)
        }

        func query(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
            try explain(sql, parameters)
            return try session.query(sql, parameters)
        }

        func run(script: String) throws { try session.run(script: script) }

        private func explain(_ sql: String, _ parameters: [SQLValue]) throws {
            // The total of all tenants is asked for by operators alone and no index would spare the walk.
            if sql.hasPrefix("SELECT COUNT(*) AS total FROM tenants") { return }
            for row in try session.query("EXPLAIN QUERY PLAN " + sql, parameters) {
                let step = try row.text("detail")
                // "SCAN t USING INDEX" walks in an index's order and stops at the limit; a sort or a bare scan does not.
                if step.hasPrefix("SCAN") && !step.contains("INDEX") && step != "SCAN CONSTANT ROW"
                    || step.contains("TEMP B-TREE FOR ORDER BY")
                {
                    scans.found.withLock { $0.append("\(step) in: \(sql)") }
                }
            }
        }
    }

    private func scans(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Void
    ) async throws -> [String] {
        let folder = TemporaryFolder()
        let database = try SQLiteDatabase(folder: folder.path)
        if case .tenant(let tenant) = scope { try await database.createSchema(tenant) }
        let scans = PlanningSession.Scans()
        try await database.write(scope) { try body(PlanningSession(session: $0, scans: scans)) }
        try await database.close()
        return scans.found.withLock { $0 }
    }

    let acme = TenantID("acme000001")!
    let now = Timestamp(seconds: 1_800_000_000)
    let surroundings = TestSurroundings().surroundings

    @Test func `no statement of the platform walks a whole table`() async throws {
        let (acme, now, surroundings) = (acme, now, surroundings)
        let cursor = Cursor("1.a")
        let found = try await scans(.platform) { sql in
            let tenants = TenantRepository(sql)
            let subdomain = try Subdomain("acme")
            let record = TenantRecord(
                id: acme, name: "n", subdomain: subdomain, plan: "free", status: .active, adminEmail: "", adminName: "",
                isProvisioned: true, createdAt: now, updatedAt: now)
            try tenants.insert(record)
            _ = try tenants.isFree(subdomain, at: now)
            _ = try tenants.find(subdomain: subdomain)
            for filter in [TenantFilter(), TenantFilter(status: .active), TenantFilter(plan: "free")] {
                _ = try tenants.list(filter, page: Page())
                _ = try tenants.list(filter, after: cursor, limit: 10)
            }
            _ = try tenants.update(record, expectedVersion: 1)
            _ = try tenants.delete(acme, at: now)
            _ = try tenants.deleted(before: now, limit: 10)
            _ = try tenants.restore(acme, at: now)

            let keys = APIKeyRepository(sql)
            let key = APIKeyID(from: surroundings)
            _ = try keys.find(key, tenant: acme)
            _ = try keys.find(lookupPrefix: "p")
            _ = try keys.list(tenant: acme, page: Page())
            _ = try keys.revoke(key, tenant: acme, at: now)
            try keys.markUsed(key, at: now)
            _ = try keys.delete(key, tenant: acme)

            let runs = ProvisioningRepository(sql)
            _ = try runs.find(idempotencyKeyHash: "k")
            _ = try runs.stale(before: now, limit: 10)
            try runs.update(acme, completedSteps: 1, at: now)

            let answers = IdempotencyRepository(sql)
            _ = try answers.find("k")
            try answers.deleteExpired(at: now)

            let outbox = OutboxRepository(sql)
            _ = try outbox.due(at: now, limit: 10)
            _ = try outbox.pendingCount()
            try outbox.markSent(MailID(from: surroundings), at: now)
            try outbox.deleteSent(before: now)
            _ = try outbox.deadCount()
            let mail = Mail(id: MailID(from: surroundings), to: "", subject: "", text: "")
            _ = try outbox.claim(
                OutboxRecord(mail: mail, tenantID: acme, createdAt: now, nextAttemptAt: now), until: now, at: now)
            try outbox.markDead(mail.id, error: "", at: now)
            _ = try outbox.dead(page: Page())
            _ = try outbox.dead(after: cursor, limit: 10)
            _ = try outbox.revive(mail.id, at: now)
            let operations = BackupOperationRepository(sql)
            _ = try operations.list(page: Page())
            try operations.delete(before: now)

            let links = OneTimeLinkRepository(sql)
            try links.insert(
                OneTimeLinkRecord(tokenHash: "h", tenantID: acme, createdAt: now, expiresAt: now + .seconds(60)))
            _ = try links.redeem("h", at: now)
            try links.deleteExpired(before: now)

            let signIn = SignInRepository(sql)
            let request = SignInRequest(
                id: SignInRequestID(from: surroundings), subdomain: "a", email: "e", createdAt: now)
            try signIn.insert(request)
            _ = try signIn.requests(limit: 10)
            _ = try signIn.requestCount()
            _ = try signIn.deleteRequest(request.id)
            let member = MemberID(from: surroundings)
            let link = SignInLinkRecord(
                tokenHash: "h", tenantID: acme, memberID: member, createdAt: now, expiresAt: now + .seconds(60))
            try signIn.insert(link)
            _ = try signIn.find("h")
            _ = try signIn.redeem(link, at: now)
            try signIn.deleteExpiredLinks(before: now)
            _ = try outbox.memberLinkCount(of: acme, nil, since: now)
            _ = try outbox.memberLinkCount(of: acme, member, since: now)

            let log = AuditRepository(sql)
            for filter in [
                AuditFilter(), AuditFilter(tenant: acme), AuditFilter(action: "a"), AuditFilter(from: now, to: now),
            ] {
                _ = try log.list(filter, page: Page())
                _ = try log.list(filter, after: cursor, limit: 10)
            }
            try log.delete(before: now)
            try tenants.purge(acme, at: now)
        }
        #expect(found == [])
    }

    @Test func `no statement of a tenant walks a whole table`() async throws {
        let (now, surroundings) = (now, surroundings)
        let cursor = Cursor("1.a")
        let found = try await scans(.tenant(acme)) { sql in
            let workspaces = WorkspaceRepository(sql)
            let workspace = WorkspaceRecord(
                id: WorkspaceID(from: surroundings), slug: .default, name: "n", description: "", isDefault: true,
                settings: [:], createdAt: now, updatedAt: now)
            try workspaces.insert(workspace)
            _ = try workspaces.find(slug: .default)
            _ = try workspaces.findDefault()
            _ = try workspaces.list(page: Page())
            _ = try workspaces.list(after: cursor, limit: 10)
            _ = try workspaces.update(workspace, expectedVersion: 1)

            let mocks = MockRepository(sql)
            let mock = MockRecord(
                id: MockID(from: surroundings), workspaceID: workspace.id, name: "n", basePath: "/", source: nil,
                isEnabled: true, createdAt: now, updatedAt: now)
            try mocks.insert(mock)
            _ = try mocks.list(workspace: workspace.id, page: Page())
            _ = try mocks.list(workspace: workspace.id, after: cursor, limit: 10)
            _ = try mocks.update(mock, expectedVersion: 1)
            _ = try mocks.count()

            let routes = RouteRepository(sql)
            let route = RouteRecord(
                id: RouteID(from: surroundings), mockID: mock.id, position: 0, definition: [:], origin: nil,
                createdAt: now, updatedAt: now)
            try routes.insert(route)
            _ = try routes.nextPosition(mock: mock.id)
            _ = try routes.list(mock: mock.id, page: Page())
            _ = try routes.list(mock: mock.id, after: cursor, limit: 10)
            _ = try routes.update(route, expectedVersion: 1)
            _ = try routes.delete(route.id)
            _ = try mocks.delete(mock.id)

            let members = MemberRepository(sql)
            let member = MemberRecord(
                id: MemberID(from: surroundings), email: "a@example.com", name: "", role: .owner, createdAt: now,
                updatedAt: now)
            try members.insert(member)
            _ = try members.find(email: "a@example.com")
            _ = try members.list(page: Page())
            _ = try members.list(after: cursor, limit: 10)
            _ = try members.count(.owner)
            _ = try members.update(member, expectedVersion: 1)
            try members.markSignedIn(member.id, at: now)
            _ = try members.delete(member.id)

            let usage = UsageRepository(sql)
            let filter = UsageFilter(from: now, to: now, workspace: workspace.id)
            try usage.add([], window: UsageWindow(node: "n", sequence: 1), at: now)
            _ = try usage.totals(filter)
            for dimension in [UsageDimension.workspace, .mock, .route, .status, .time(.minute), .time(.day)] {
                _ = try usage.groups(filter, by: [dimension])
            }
            _ = try usage.uniqueRoutes(filter)
            while try usage.rollUp(before: now, keeping: UsageRetention()) {}
            try usage.deleteWindows(before: now)
            try IdempotencyRepository(sql).deleteExpired(at: now)
        }
        #expect(found == [])
    }
}
