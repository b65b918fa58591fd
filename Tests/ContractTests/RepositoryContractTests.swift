import Domain
import JSON
import Persistence
import TestSupport
import Testing

/// What the repositories promise, whichever driver is below: their SQL is written once.
@Suite struct `Repository contract` {
    let start = Timestamp(seconds: 1_800_000_000)
    let surroundings = TestSurroundings()

    private func tenant(_ id: String, _ subdomain: String, after seconds: Int = 0) throws -> TenantRecord {
        let created = start + .seconds(seconds)
        return TenantRecord(
            id: try #require(TenantID(id)), name: "The \(subdomain) company", subdomain: try Subdomain(subdomain),
            plan: "free", status: .active, adminEmail: "boss@\(subdomain).example", adminName: "Boss",
            quotaOverrides: [.maxMocks: try #require(QuotaLimit(wireValue: -1))],
            permissionOverrides: [.exportData: false], isProvisioned: true, createdAt: created, updatedAt: created)
    }

    private func workspace(_ slug: String, isDefault: Bool = false, after seconds: Int = 0) throws -> WorkspaceRecord {
        WorkspaceRecord(
            id: WorkspaceID(from: surroundings.surroundings), slug: try #require(Slug(slug)), name: slug,
            description: "for tests", isDefault: isDefault, settings: ["validation": "report"],
            createdAt: start + .seconds(seconds), updatedAt: start + .seconds(seconds))
    }

    private func mock(_ workspace: WorkspaceID, _ name: String) -> MockRecord {
        MockRecord(
            id: MockID(from: surroundings.surroundings), workspaceID: workspace, name: name, basePath: "/api",
            source: ["format": "openapi"], isEnabled: true, createdAt: start, updatedAt: start)
    }

    private func route(_ mock: MockID, _ position: Int) -> RouteRecord {
        RouteRecord(
            id: RouteID(from: surroundings.surroundings), mockID: mock, position: position,
            definition: ["path": "/things", "price": .number(JSONNumber(validLiteral: "1.50"))], origin: nil,
            createdAt: start, updatedAt: start)
    }

    /// Runs `body` on a fresh platform schema.
    private func platform(
        _ driver: DatabaseDriver, _ body: @escaping @Sendable (any SQLSession) throws -> Void
    ) async throws {
        let database = try driver.makeStore().open()
        try await database.write(.platform, body)
        try await database.close()
    }

    /// Runs `body` on a fresh tenant schema.
    private func tenantSchema(
        _ driver: DatabaseDriver, _ body: @escaping @Sendable (any SQLSession) throws -> Void
    ) async throws {
        let database = try driver.makeStore().open()
        let id = try #require(TenantID("acme000001"))
        try await database.createSchema(id)
        try await database.write(.tenant(id), body)
        try await database.close()
    }

    // MARK: Members

    private func member(_ email: String, _ role: MemberRole = .viewer, after seconds: Int = 0) -> MemberRecord {
        MemberRecord(
            id: MemberID(from: surroundings.surroundings), email: email, name: "Someone", role: role,
            createdAt: start + .seconds(seconds), updatedAt: start + .seconds(seconds))
    }

    @Test(arguments: DatabaseDriver.all)
    func `a member comes back as it went in, by id, by email and in the list`(driver: DatabaseDriver) async throws {
        let (first, second) = (member("a@example.com", .owner), member("b@example.com", after: 1))
        try await tenantSchema(driver) { sql in
            let members = MemberRepository(sql)
            try members.insert(second)
            try members.insert(first)
            #expect(try members.find(first.id) == first)
            #expect(try members.find(email: "b@example.com") == second)
            #expect(try members.find(email: "c@example.com") == nil)
            #expect(try members.list(page: Page()).records == [first, second])
            let part = try members.list(after: nil, limit: 1)
            #expect(try members.list(after: part.next, limit: 1).records == [second])
            #expect(try members.count() == 2)
            #expect(try members.count(.owner) == 1)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a member changes under the right version only, and can be removed once`(driver: DatabaseDriver) async throws {
        let record = member("a@example.com")
        try await tenantSchema(driver) { sql in
            let members = MemberRepository(sql)
            try members.insert(record)
            var changed = record
            changed.role = .admin
            #expect(try members.update(changed, expectedVersion: 2) == nil)
            let stored = try #require(try members.update(changed, expectedVersion: 1))
            #expect(stored.role == .admin)
            #expect(stored.version == 2)
            #expect(try members.delete(record.id))
            #expect(try members.delete(record.id) == false)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `no two members have one email`(driver: DatabaseDriver) async throws {
        let (first, second) = (member("a@example.com"), member("a@example.com"))
        let database = try driver.makeStore().open()
        let id = try #require(TenantID("acme000001"))
        try await database.createSchema(id)
        try await database.write(.tenant(id)) { try MemberRepository($0).insert(first) }
        let error = await #expect(throws: DatabaseError.self) {
            try await database.write(.tenant(id)) { try MemberRepository($0).insert(second) }
        }
        guard case .uniqueViolation("members.email") = error else {
            Issue.record("wrong error \(String(describing: error))")
            return
        }
        try await database.close()
    }

    // MARK: Tenants

    @Test(arguments: DatabaseDriver.all)
    func `a tenant comes back as it went in`(driver: DatabaseDriver) async throws {
        let record = try tenant("acme000001", "acme")
        try await platform(driver) { sql in
            try TenantRepository(sql).insert(record)
            #expect(try TenantRepository(sql).find(record.id) == record)
            #expect(try TenantRepository(sql).find(subdomain: record.subdomain) == record)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a taken subdomain is refused by name`(driver: DatabaseDriver) async throws {
        let (first, second) = (try tenant("acme000001", "acme"), try tenant("acme000002", "acme"))
        let database = try driver.makeStore().open()
        try await database.write(.platform) { try TenantRepository($0).insert(first) }
        let error = await #expect(throws: DatabaseError.self) {
            try await database.write(.platform) { try TenantRepository($0).insert(second) }
        }
        guard case .uniqueViolation(TenantRepository.subdomainConstraint) = error else {
            Issue.record("wrong error \(String(describing: error))")
            return
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `an update under the right version counts it up, one under another changes nothing`(
        driver: DatabaseDriver
    ) async throws {
        let record = try tenant("acme000001", "acme")
        try await platform(driver) { sql in
            let tenants = TenantRepository(sql)
            try tenants.insert(record)
            var changed = record
            changed.plan = "professional"
            #expect(try tenants.update(changed, expectedVersion: 7) == nil)
            #expect(try tenants.find(record.id) == record)
            let stored = try #require(try tenants.update(changed, expectedVersion: 1))
            #expect(stored.version == 2)
            #expect(stored.plan == "professional")
            #expect(try tenants.find(record.id) == stored)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a restored tenant is what it was before it was deleted`(driver: DatabaseDriver) async throws {
        var record = try tenant("acme000001", "acme")
        record.status = .suspended
        let suspended = record
        let later = start + .seconds(60)
        try await platform(driver) { sql in
            let tenants = TenantRepository(sql)
            try tenants.insert(suspended)
            #expect(try tenants.delete(suspended.id, at: later))
            #expect(try tenants.delete(suspended.id, at: later) == false)
            let deleted = try #require(try tenants.find(suspended.id))
            #expect(deleted.status == .deleted)
            #expect(deleted.deletedAt == later)
            #expect(try tenants.deleted(before: later + .seconds(1), limit: 10).map(\.id) == [suspended.id])
            #expect(try tenants.deleted(before: later, limit: 10).isEmpty)
            #expect(try tenants.restore(suspended.id, at: later))
            let restored = try #require(try tenants.find(suspended.id))
            #expect(restored.status == .suspended)
            #expect(restored.deletedAt == nil)
            #expect(try tenants.restore(suspended.id, at: later) == false)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a purged tenant's subdomain is kept for ninety days after the deletion`(
        driver: DatabaseDriver
    ) async throws {
        let record = try tenant("acme000001", "acme")
        let start = start
        try await platform(driver) { sql in
            let tenants = TenantRepository(sql)
            try tenants.insert(record)
            #expect(try tenants.isFree(record.subdomain, at: start + .seconds(1_000_000_000)) == false)
            _ = try tenants.delete(record.id, at: start)
            try tenants.purge(record.id, at: start + .seconds(30 * 86_400))
            #expect(try tenants.find(record.id) == nil)
            #expect(try tenants.isFree(record.subdomain, at: start + .seconds(90 * 86_400 - 1)) == false)
            #expect(try tenants.isFree(record.subdomain, at: start + .seconds(90 * 86_400)))
        }
        let heir = try tenant("heir000001", "acme", after: 90 * 86_400)
        try await platform(driver) { sql in
            let tenants = TenantRepository(sql)
            try tenants.insert(record)
            try tenants.purge(record.id, at: start)
            try tenants.insert(heir)
            #expect(try tenants.find(subdomain: heir.subdomain)?.id == heir.id)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a discarded tenant leaves its subdomain free and no key behind`(driver: DatabaseDriver) async throws {
        let record = try tenant("acme000001", "acme")
        let key = apiKey(record.id)
        let start = start
        try await platform(driver) { sql in
            try TenantRepository(sql).insert(record)
            try APIKeyRepository(sql).insert(key)
            try TenantRepository(sql).discard(record.id)
            #expect(try TenantRepository(sql).find(record.id) == nil)
            #expect(try APIKeyRepository(sql).find(lookupPrefix: key.lookupPrefix).isEmpty)
            #expect(try TenantRepository(sql).isFree(record.subdomain, at: start))
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `tenants are listed by page, by cursor and by filter`(driver: DatabaseDriver) async throws {
        var records = try (0..<7).map { try tenant("tenant000\($0)", "company-\($0)", after: $0) }
        records[1].plan = "professional"
        records[2].status = .suspended
        records[3].isProvisioned = false
        records[4].name = "100%_Sure GmbH"
        let all = records
        let start = start
        try await platform(driver) { sql in
            let tenants = TenantRepository(sql)
            for record in all { try tenants.insert(record) }
            _ = try tenants.delete(all[5].id, at: start)
            let visible = [0, 1, 2, 4, 6].map { all[$0].id }

            let page = try tenants.list(page: Page(number: 2, limit: 2))
            #expect(page.records.map(\.id) == Array(visible[2...3]))
            #expect(page.total == 5)

            var seen: [TenantID] = []
            var cursor: Cursor?
            repeat {
                let listing = try tenants.list(after: cursor, limit: 2)
                seen += listing.records.map(\.id)
                cursor = listing.next
                if let next = cursor { #expect(Cursor(next.text) == next) }
            } while cursor != nil
            #expect(seen == visible)

            func ids(_ filter: TenantFilter) throws -> [TenantID] {
                try tenants.list(filter, page: Page()).records.map(\.id)
            }
            #expect(try ids(TenantFilter(status: .suspended)) == [all[2].id])
            #expect(try ids(TenantFilter(status: .deleted)) == [all[5].id])
            #expect(try ids(TenantFilter(plan: "professional")) == [all[1].id])
            #expect(try ids(TenantFilter(search: "%_s")) == [all[4].id])
            #expect(try ids(TenantFilter(search: "COMPANY-6")) == [all[6].id])
            #expect(try tenants.count(TenantFilter(includesDeleted: true, includesUnprovisioned: true)) == 7)
        }
    }

    // MARK: Keys

    private func apiKey(_ tenant: TenantID) -> APIKeyRecord {
        APIKeyRecord(
            id: APIKeyID(from: surroundings.surroundings), tenantID: tenant, name: "CI", scope: .write,
            lookupPrefix: "sk_live_abcdefgh", hash: String(surroundings.surroundings.random(), radix: 16),
            createdAt: start, expiresAt: start + .seconds(10))
    }

    @Test(arguments: DatabaseDriver.all)
    func `a key is found by its prefix and by its tenant alone`(driver: DatabaseDriver) async throws {
        let (acme, other) = (try tenant("acme000001", "acme"), try tenant("other00001", "other"))
        let key = apiKey(acme.id)
        let start = start
        try await platform(driver) { sql in
            try TenantRepository(sql).insert(acme)
            try TenantRepository(sql).insert(other)
            let keys = APIKeyRepository(sql)
            try keys.insert(key)
            #expect(try keys.find(lookupPrefix: key.lookupPrefix) == [key])
            #expect(try keys.find(lookupPrefix: "sk_live_zzzzzzzz").isEmpty)
            #expect(try keys.find(key.id, tenant: acme.id) == key)
            #expect(try keys.find(key.id, tenant: other.id) == nil)
            #expect(try keys.revoke(key.id, tenant: other.id, at: start) == false)
            #expect(try keys.delete(key.id, tenant: other.id) == false)
            #expect(try keys.list(tenant: other.id, page: Page()).total == 0)
            try keys.markUsed(key.id, at: start + .seconds(5))
            try keys.markUsed(key.id, at: start + .seconds(4))
            #expect(try keys.find(key.id, tenant: acme.id)?.lastUsedAt == start + .seconds(5))
            #expect(try keys.revoke(key.id, tenant: acme.id, at: start))
            #expect(try keys.revoke(key.id, tenant: acme.id, at: start) == false)
            #expect(try keys.find(key.id, tenant: acme.id)?.revokedAt == start)
            #expect(try keys.delete(key.id, tenant: acme.id))
            #expect(try keys.count(tenant: acme.id) == 0)
        }
    }

    // MARK: Workspaces, mocks, routes

    @Test(arguments: DatabaseDriver.all)
    func `workspaces, mocks and routes come back as they went in`(driver: DatabaseDriver) async throws {
        let workspace = try workspace("default", isDefault: true)
        let mock = mock(workspace.id, "Shop")
        let route = route(mock.id, 0)
        try await tenantSchema(driver) { sql in
            try WorkspaceRepository(sql).insert(workspace)
            try MockRepository(sql).insert(mock)
            try RouteRepository(sql).insert(route)
            #expect(try WorkspaceRepository(sql).find(workspace.id) == workspace)
            #expect(try WorkspaceRepository(sql).find(slug: workspace.slug) == workspace)
            #expect(try WorkspaceRepository(sql).findDefault() == workspace)
            #expect(try MockRepository(sql).find(mock.id) == mock)
            let stored = try #require(try RouteRepository(sql).find(route.id))
            #expect(stored == route)
            #expect(stored.definition.text == #"{"path":"/things","price":1.50}"#)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `every change below a workspace counts up its content version, and no other's`(
        driver: DatabaseDriver
    ) async throws {
        let (workspace, quiet) = (try workspace("default"), try workspace("quiet"))
        let mock = mock(workspace.id, "Shop")
        let route = route(mock.id, 0)
        try await tenantSchema(driver) { sql in
            let (workspaces, mocks, routes) = (WorkspaceRepository(sql), MockRepository(sql), RouteRepository(sql))
            try workspaces.insert(workspace)
            try workspaces.insert(quiet)
            var seen = try workspaces.contentVersion(workspace.id)
            func expectChange(_ what: String) throws {
                let version = try workspaces.contentVersion(workspace.id)
                #expect(try #require(version) > #require(seen), "\(what)")
                seen = version
            }
            try mocks.insert(mock)
            try expectChange("a new mock")
            _ = try mocks.update(mock, expectedVersion: 1)
            try expectChange("a changed mock")
            try routes.insert(route)
            try expectChange("a new route")
            _ = try routes.update(route, expectedVersion: 1)
            try expectChange("a changed route")
            #expect(try routes.delete(route.id))
            try expectChange("a removed route")
            #expect(try mocks.delete(mock.id))
            try expectChange("a removed mock")
            _ = try workspaces.update(workspace, expectedVersion: 1)
            try expectChange("changed settings")
            #expect(try workspaces.contentVersions()[quiet.id] == 1)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a stale version of a workspace, mock or route is not written`(driver: DatabaseDriver) async throws {
        let workspace = try workspace("default")
        let mock = mock(workspace.id, "Shop")
        let route = route(mock.id, 0)
        try await tenantSchema(driver) { sql in
            let (workspaces, mocks, routes) = (WorkspaceRepository(sql), MockRepository(sql), RouteRepository(sql))
            try workspaces.insert(workspace)
            try mocks.insert(mock)
            try routes.insert(route)
            #expect(try workspaces.update(workspace, expectedVersion: 1)?.version == 2)
            #expect(try workspaces.update(workspace, expectedVersion: 1) == nil)
            #expect(try mocks.update(mock, expectedVersion: 1)?.version == 2)
            #expect(try mocks.update(mock, expectedVersion: 1) == nil)
            #expect(try routes.update(route, expectedVersion: 1)?.version == 2)
            #expect(try routes.update(route, expectedVersion: 1) == nil)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `removing a workspace removes what is in it`(driver: DatabaseDriver) async throws {
        let (workspace, kept) = (try workspace("default"), try workspace("kept"))
        let (mock, keptMock) = (mock(workspace.id, "Shop"), mock(kept.id, "Shop"))
        let routes = [route(mock.id, 0), route(mock.id, 1), route(keptMock.id, 0)]
        try await tenantSchema(driver) { sql in
            for record in [workspace, kept] { try WorkspaceRepository(sql).insert(record) }
            for record in [mock, keptMock] { try MockRepository(sql).insert(record) }
            try RouteRepository(sql).insert(routes)
            #expect(try MockRepository(sql).count() == 2)
            #expect(try RouteRepository(sql).count() == 3)
            #expect(try WorkspaceRepository(sql).delete(workspace.id))
            #expect(try WorkspaceRepository(sql).delete(workspace.id) == false)
            #expect(try WorkspaceRepository(sql).count() == 1)
            #expect(try MockRepository(sql).count() == 1)
            #expect(try RouteRepository(sql).all(workspace: kept.id) == [routes[2]])
            #expect(try RouteRepository(sql).count() == 1)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `routes are listed in their order`(driver: DatabaseDriver) async throws {
        let workspace = try workspace("default")
        let mock = mock(workspace.id, "Shop")
        let records = (0..<5).map { route(mock.id, $0) }
        try await tenantSchema(driver) { sql in
            let routes = RouteRepository(sql)
            try WorkspaceRepository(sql).insert(workspace)
            try MockRepository(sql).insert(mock)
            #expect(try routes.nextPosition(mock: mock.id) == 0)
            try routes.insert(Array(records.reversed()))
            #expect(try routes.nextPosition(mock: mock.id) == 5)
            #expect(try routes.all(mock: mock.id) == records)
            #expect(try routes.all(workspace: workspace.id) == records)
            #expect(try routes.list(mock: mock.id, page: Page(number: 2, limit: 3)).records == Array(records[3...]))
            let listing = try routes.list(mock: mock.id, after: nil, limit: 4)
            #expect(listing.records == Array(records[..<4]))
            let rest = try routes.list(mock: mock.id, after: listing.next, limit: 4)
            #expect(rest.records == [records[4]])
            #expect(rest.next == nil)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a quota counted in the inserting transaction holds against fifty at once`(
        driver: DatabaseDriver
    ) async throws {
        struct OverQuota: Error {}
        let database = try driver.makeStore().open()
        let id = try #require(TenantID("acme000001"))
        try await database.createSchema(id)
        let records = try (0..<50).map { try workspace("w\($0)", after: $0) }
        await withTaskGroup(of: Void.self) { group in
            for record in records {
                group.addTask {
                    try? await database.write(.tenant(id)) { sql in
                        let workspaces = WorkspaceRepository(sql)
                        guard try workspaces.count() < 10 else { throw OverQuota() }
                        try workspaces.insert(record)
                    }
                }
            }
        }
        #expect(try await database.read(.tenant(id)) { try WorkspaceRepository($0).count() } == 10)
    }

    // MARK: Audit log, idempotency, provisioning, outbox

    @Test(arguments: DatabaseDriver.all)
    func `the audit log is read newest first, by tenant and action`(driver: DatabaseDriver) async throws {
        let (acme, other) = (try #require(TenantID("acme000001")), try #require(TenantID("other00001")))
        let start = start
        let records = (0..<6).map { index in
            AuditRecord(
                id: AuditID(from: surroundings.surroundings), at: start + .seconds(index),
                tenantID: [acme, other, nil][index % 3], actor: "admin",
                action: index < 3 ? "tenant.create" : "key.revoke", target: "x", requestID: "r",
                detail: ["index": JSON(index)])
        }
        try await platform(driver) { sql in
            let log = AuditRepository(sql)
            for record in records { try log.insert(record) }
            #expect(try log.list(page: Page()).records == Array(records.reversed()))
            #expect(try log.list(AuditFilter(tenant: acme), page: Page()).records == [records[3], records[0]])
            #expect(try log.list(AuditFilter(action: "key.revoke"), page: Page()).total == 3)
            #expect(
                try log.list(AuditFilter(from: start + .seconds(1), to: start + .seconds(3)), page: Page()).records
                    == [records[2], records[1]])
            let first = try log.list(after: nil, limit: 4)
            #expect(first.records == Array(records.reversed()[..<4]))
            #expect(try log.list(after: first.next, limit: 4).records == [records[1], records[0]])
            #expect(try log.delete(before: start + .seconds(2)) == 2)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `an answer is kept for a day under its key`(driver: DatabaseDriver) async throws {
        let record = IdempotencyRecord(
            keyHash: "k", fingerprint: "f", status: 201, sealedReply: "c2VhbGVk", createdAt: start)
        let start = start
        try await platform(driver) { sql in
            let answers = IdempotencyRepository(sql)
            try answers.insert(record)
            #expect(try answers.find("k") == record)
            #expect(try answers.find("other") == nil)
            #expect(try answers.deleteExpired(at: start + .seconds(86_399)) == 0)
            #expect(try answers.deleteExpired(at: start + .seconds(86_400)) == 1)
            #expect(try answers.find("k") == nil)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a provisioning run is found by its key and never goes back`(driver: DatabaseDriver) async throws {
        let id = try #require(TenantID("acme000001"))
        let record = ProvisioningRecord(
            tenantID: id, idempotencyKeyHash: "k", fingerprint: "f", completedSteps: 1, startedAt: start,
            updatedAt: start)
        let start = start
        try await platform(driver) { sql in
            let runs = ProvisioningRepository(sql)
            try runs.insert(record)
            #expect(try runs.find(idempotencyKeyHash: "k") == record)
            try runs.update(id, completedSteps: 4, at: start + .seconds(1))
            try runs.update(id, completedSteps: 2, at: start + .seconds(2))
            #expect(try runs.find(id)?.completedSteps == 4)
            #expect(try runs.stale(before: start + .seconds(2), limit: 10).map(\.tenantID) == [id])
            #expect(try runs.stale(before: start + .seconds(1), limit: 10).isEmpty)
            try runs.delete(id)
            #expect(try runs.find(id) == nil)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `mail is due until it is sent, and later after a failure`(driver: DatabaseDriver) async throws {
        let mail = Mail(id: MailID(from: surroundings.surroundings), to: "a@b.example", subject: "Hello", text: "Hi")
        let record = OutboxRecord(
            mail: mail, tenantID: TenantID("acme000001"), createdAt: start, nextAttemptAt: start)
        let start = start
        try await platform(driver) { sql in
            let outbox = OutboxRepository(sql)
            try outbox.insert(record)
            try outbox.insert(record)
            #expect(try outbox.due(at: start, limit: 10) == [record])
            try outbox.markFailed(mail.id, error: "refused", nextAttempt: start + .seconds(60))
            #expect(try outbox.due(at: start + .seconds(59), limit: 10).isEmpty)
            let again = try #require(try outbox.due(at: start + .seconds(60), limit: 10).first)
            #expect(again.attempts == 1)
            #expect(again.lastError == "refused")
            #expect(try outbox.pendingCount() == 1)
            try outbox.markSent(mail.id, at: start + .seconds(61))
            #expect(try outbox.due(at: start + .seconds(999), limit: 10).isEmpty)
            #expect(try outbox.find(mail.id)?.sentAt == start + .seconds(61))
            #expect(try outbox.pendingCount() == 0)
            #expect(try outbox.deleteSent(before: start + .seconds(62)) == 1)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `a mail goes to one sender at a time, and a dead one to nobody`(driver: DatabaseDriver) async throws {
        let mail = Mail(
            id: MailID(from: surroundings.surroundings), to: "a@b.example", subject: "Hello", text: "Hi", html: "<p>Hi")
        let start = start
        try await platform(driver) { sql in
            let outbox = OutboxRepository(sql)
            let record = OutboxRecord(
                mail: mail, tenantID: TenantID("acme000001"), hasLink: true, createdAt: start, nextAttemptAt: start)
            try outbox.insert(record)
            #expect(try outbox.find(mail.id) == record)
            #expect(try outbox.claim(record, until: start + .seconds(300), at: start))
            #expect(try !outbox.claim(record, until: start + .seconds(300), at: start))
            #expect(try outbox.due(at: start + .seconds(299), limit: 10).isEmpty)
            // The claim of a sender that died runs out.
            let again = try #require(try outbox.due(at: start + .seconds(300), limit: 10).first)
            #expect(try outbox.claim(again, until: start + .seconds(600), at: start + .seconds(300)))
            try outbox.markDead(mail.id, error: "550", at: start + .seconds(301))
            #expect(try outbox.due(at: start + .seconds(9999), limit: 10).isEmpty)
            #expect(try outbox.pendingCount() == 0)
            #expect(try outbox.deadCount() == 1)
            let dead = try outbox.find(mail.id)
            #expect(dead?.deadAt == start + .seconds(301))
            #expect(dead?.lastError == "550")
            #expect(dead?.sendingSince == nil)
            #expect(try outbox.dead(page: Page()).records.map(\.mail.id) == [mail.id])
            #expect(try outbox.revive(mail.id, at: start + .seconds(400))?.attempts == 0)
            #expect(try outbox.revive(mail.id, at: start + .seconds(400)) == nil)
            #expect(try outbox.due(at: start + .seconds(400), limit: 10).map(\.mail.id) == [mail.id])
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `the first link that is used ends every link of its tenant`(driver: DatabaseDriver) async throws {
        let (start, tenant, other) = (start, TenantID("acme000001")!, TenantID("other00001")!)
        try await platform(driver) { sql in
            for (id, name) in [(tenant, "acme"), (other, "other")] {
                try TenantRepository(sql).insert(
                    TenantRecord(
                        id: id, name: name, subdomain: try Subdomain(name), plan: "free", status: .active,
                        adminEmail: "", adminName: "", isProvisioned: true, createdAt: start, updatedAt: start))
            }
            let links = OneTimeLinkRepository(sql)
            for (hash, id) in [("a", tenant), ("b", tenant), ("c", other), ("d", other)] {
                try links.insert(
                    OneTimeLinkRecord(
                        tokenHash: hash, tenantID: id, createdAt: start,
                        expiresAt: start + .seconds(hash == "c" ? 10 : 60)))
            }
            #expect(try links.redeem("x", at: start) == nil)
            #expect(try links.redeem("a", at: start + .seconds(1)) == tenant)
            #expect(try links.redeem("a", at: start + .seconds(1)) == nil)
            #expect(try links.redeem("b", at: start + .seconds(1)) == nil)
            #expect(try links.redeem("c", at: start + .seconds(10)) == nil)
            #expect(try links.deleteExpired(before: start + .seconds(11)) == 1)
            #expect(try links.redeem("d", at: start + .seconds(10)) == other)
        }
    }

    // MARK: Usage

    private func usage(
        minute: Int, _ workspace: WorkspaceID, _ mock: MockID?, _ route: RouteID?, status: Int, requests: Int
    ) -> UsageRecord {
        UsageRecord(
            minute: Timestamp(seconds: Int64(minute * 60)), workspaceID: workspace, mockID: mock, routeID: route,
            statusClass: status, requests: requests, durationMicroseconds: requests * 10,
            maxDurationMicroseconds: requests, requestBytes: requests * 2, responseBytes: requests * 3)
    }

    @Test(arguments: DatabaseDriver.all)
    func `a window that arrives twice counts once, and two windows of a minute add up`(
        driver: DatabaseDriver
    ) async throws {
        let workspace = try workspace("default").id
        let record = usage(minute: 0, workspace, nil, nil, status: 4, requests: 5)
        let start = start
        try await tenantSchema(driver) { sql in
            let usage = UsageRepository(sql)
            let all = UsageFilter(from: Timestamp(seconds: 0), to: Timestamp(seconds: 60))
            let before = try usage.totals(all)
            #expect(before == UsageTotals())
            #expect(try usage.add([record], window: UsageWindow(node: "a", sequence: 1), at: start))
            #expect(try usage.add([record], window: UsageWindow(node: "a", sequence: 1), at: start) == false)
            #expect(try usage.totals(all).requests == 5)
            var longer = record
            longer.maxDurationMicroseconds = 99
            #expect(try usage.add([longer], window: UsageWindow(node: "a", sequence: 2), at: start))
            #expect(try usage.add([record], window: UsageWindow(node: "b", sequence: 1), at: start))
            #expect(
                try usage.totals(all)
                    == UsageTotals(
                        requests: 15, durationMicroseconds: 150, maxDurationMicroseconds: 99, requestBytes: 30,
                        responseBytes: 45))
            #expect(try usage.deleteWindows(before: start + .seconds(1)) == 2)
        }
    }

    @Test(arguments: DatabaseDriver.all)
    func `usage is summed by status, time and place`(driver: DatabaseDriver) async throws {
        let workspaces = [try workspace("a").id, try workspace("b").id]
        let mocks = [mock(workspaces[0], "m").id, mock(workspaces[1], "m").id]
        let routes = [route(mocks[0], 0).id, route(mocks[1], 0).id]
        let records = [
            usage(minute: 0, workspaces[0], mocks[0], routes[0], status: 2, requests: 1),
            usage(minute: 59, workspaces[0], nil, nil, status: 4, requests: 2),
            usage(minute: 60, workspaces[1], mocks[1], routes[1], status: 2, requests: 4),
            usage(minute: 24 * 60, workspaces[1], mocks[1], routes[1], status: 5, requests: 8),
        ]
        let start = start
        try await tenantSchema(driver) { sql in
            let usage = UsageRepository(sql)
            try usage.add(records, window: UsageWindow(node: "n", sequence: 1), at: start)
            let all = UsageFilter(from: Timestamp(seconds: 0), to: Timestamp(seconds: 48 * 3600))
            let byStatus = try usage.groups(all, by: [.status])
            #expect(
                byStatus.mapValues(\.requests) == [
                    .init(statusClass: 2): 5, .init(statusClass: 4): 2, .init(statusClass: 5): 8,
                ])
            func series(_ interval: UsageInterval) throws -> [Int64: Int] {
                let groups = try usage.groups(all, by: [.time(interval)], durations: false)
                return Dictionary(uniqueKeysWithValues: groups.map { ($0.start?.seconds ?? -1, $1.requests) })
            }
            #expect(try series(.minute) == [0: 1, 59 * 60: 2, 3600: 4, 86_400: 8])
            #expect(try series(.hour) == [0: 3, 3600: 4, 86_400: 8])
            #expect(try series(.day) == [0: 7, 86_400: 8])
            let byRoute = try usage.groups(all, by: [.route])
            #expect(
                Dictionary(uniqueKeysWithValues: byRoute.map { ($0.routeID, $1.requests) })
                    == ["": 2, routes[0].text: 1, routes[1].text: 12])
            let byWorkspace = try usage.groups(all, by: [.workspace])
            #expect(byWorkspace[UsageGroup(workspaceID: workspaces[1].text)]?.requests == 12)
            #expect(try usage.uniqueRoutes(all) == 2)
            let part = UsageFilter(from: all.from, to: all.to, workspace: workspaces[0], mock: mocks[0])
            #expect(try usage.totals(part).requests == 1)
            #expect(try usage.totals(UsageFilter(from: all.from, to: Timestamp(seconds: 3600))).requests == 3)
        }
    }
}
