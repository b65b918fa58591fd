import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

/// Changes that come without an announcement, as those of another node do when it is lost.
@Suite(.timeLimit(.minutes(10))) struct VersionPollTests {
    /// Writes as another node would: the change, then its audit row, and nothing else.
    private func change(
        _ hosting: Hosting, audited: Bool = true, at: Timestamp? = nil,
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Void
    ) async throws {
        try await hosting.database.write(scope) { try body($0) }
        if !audited { return }
        let record = AuditRecord(
            id: AuditID(from: hosting.world.surroundings), at: at ?? hosting.world.now, tenantID: hosting.tenant,
            actor: "admin", action: "route.create", target: "x", requestID: "", detail: [:])
        try await hosting.database.write(.platform) { try AuditRepository($0).insert(record) }
    }

    private func addRoute(_ hosting: Hosting, audited: Bool = true, at: Timestamp? = nil) async throws {
        let definition: JSON = ["method": "GET", "path": "/new", "responses": [["status": 200, "body": "new"]]]
        let (mock, now) = (hosting.mock, hosting.world.now)
        let id = RouteID(from: hosting.world.surroundings)
        try await change(hosting, audited: audited, at: at, .tenant(hosting.tenant)) { sql in
            try RouteRepository(sql).insert(
                RouteRecord(
                    id: id, mockID: mock, position: 9, definition: definition, origin: .null, createdAt: now,
                    updatedAt: now))
        }
    }

    private func hosted(_ hosting: Hosting) async throws -> HostedTenant {
        try #require(try await hosting.plane.directory.load(TenantReference(.subdomain, "acme")))
    }

    private func isOutdated(_ hosting: Hosting, _ tenant: HostedTenant) -> Bool {
        if case .found = hosting.plane.snapshots.lookUp(nil, of: tenant, at: hosting.world.now) { return false }
        return true
    }

    @Test func `a changed workspace is dropped at the next poll`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        let before = try #require(try await hosting.plane.snapshots.load(nil, of: tenant))
        try await addRoute(hosting)
        #expect(!isOutdated(hosting, tenant))
        try await hosting.plane.versions.poll()
        #expect(isOutdated(hosting, tenant))
        let after = try #require(try await hosting.plane.snapshots.load(nil, of: tenant))
        #expect(after !== before)
    }

    @Test func `what is current stays in memory`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await addRoute(hosting)
        // The announcement came, and the workspace was compiled again, before the poll.
        await hosting.announcements.publish(.mocksChanged(hosting.tenant, hosting.workspace))
        let snapshot = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await hosting.plane.versions.poll()
        guard case .found(let found) = hosting.plane.snapshots.lookUp(nil, of: tenant, at: hosting.world.now) else {
            Issue.record("was dropped")
            return
        }
        #expect(found === snapshot)
    }

    @Test func `a row that is seen late is still seen`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await hosting.plane.versions.poll()
        let earlier = hosting.world.now
        hosting.world.advance(by: .seconds(100))
        try await hosting.plane.versions.poll()
        try await addRoute(hosting, at: earlier)
        try await hosting.plane.versions.poll()
        #expect(isOutdated(hosting, tenant))
    }

    @Test func `a suspension is noticed at the next poll`() async throws {
        let hosting = try await Hosting()
        let reference = TenantReference(.subdomain, "acme")
        let tenant = try await hosted(hosting)
        let id = hosting.tenant
        try await change(hosting, .platform) { sql in
            guard var record = try TenantRepository(sql).find(id) else { return }
            record.status = .suspended
            _ = try TenantRepository(sql).update(record, expectedVersion: record.version)
        }
        guard case .found = hosting.plane.directory.lookUp(reference, at: hosting.world.now) else {
            Issue.record("nobody has told this node")
            return
        }
        try await hosting.plane.versions.poll()
        guard case .unknown = hosting.plane.directory.lookUp(reference, at: hosting.world.now) else {
            Issue.record("must be read again")
            return
        }
        #expect(try await hosting.plane.directory.load(reference) === tenant)
    }

    @Test func `a change whose audit row a crash cut off is found in turn`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        for number in 0..<50 {
            let id = try #require(TenantID("othr\(100000 + number)"))
            try await hosting.addTenant(id, "other-\(number)")
            _ = try await hosting.plane.directory.load(TenantReference(.id, id.text))
        }
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await addRoute(hosting, audited: false)
        var polls = 0
        while !isOutdated(hosting, tenant), polls < 10 {
            try await hosting.plane.versions.poll()
            polls += 1
        }
        // 51 tenants, 20 at a time.
        #expect((1...3).contains(polls))
    }

    @Test func `a poll that fails looks at the same changes again`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await addRoute(hosting)
        hosting.gate.failReads(1)
        await #expect(throws: (any Error).self) { try await hosting.plane.versions.poll() }
        try await hosting.plane.versions.poll()
        #expect(isOutdated(hosting, tenant))
    }

    @Test func `nothing new costs a query and the looks in turn`() async throws {
        let hosting = try await Hosting()
        let tenant = try await hosted(hosting)
        _ = try await hosting.plane.snapshots.load(nil, of: tenant)
        try await hosting.plane.versions.poll()
        let reads = hosting.gate.reads
        try await hosting.plane.versions.poll()
        // The audit log, the records of those in turn, the content of the one that is in memory.
        #expect(hosting.gate.reads - reads == 3)
    }
}
