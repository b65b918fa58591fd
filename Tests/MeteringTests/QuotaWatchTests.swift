import Domain
import Logging
import Metering
import Persistence
import TestSupport
import Testing

@Suite struct QuotaWatchTests {
    private let folder = TemporaryFolder()
    private let world = TestSurroundings()

    private func database() throws -> SQLiteDatabase {
        try SQLiteDatabase(folder: folder.path, surroundings: world.surroundings)
    }

    private func watch(_ database: any Database) -> QuotaWatch {
        QuotaWatch(database: database, surroundings: world.surroundings, logger: Logger(label: "test"))
    }

    private func tenant() throws -> TenantRecord {
        TenantRecord(
            id: TenantID("acme000001")!, name: "Acme", subdomain: try Subdomain("acme"), plan: "free", status: .active,
            adminEmail: "admin@example.com", adminName: "", quotaOverrides: [:], isProvisioned: true,
            createdAt: world.now, updatedAt: world.now)
    }

    private func subjects(_ database: any Database) async throws -> [String] {
        let now = world.now
        return try await database.read(.platform) { sql in
            try OutboxRepository(sql).due(at: now, limit: 100).map(\.mail.subject).sorted()
        }
    }

    @Test func `at 80 percent and at the limit one mail goes out in each window, whichever nodes see it`() async throws
    {
        let database = try database()
        let tenant = try tenant()
        let nodes = [watch(database), watch(database)]
        for used in [10, 79, 80, 85, 99, 100, 120] {
            for node in nodes {
                for _ in 0..<3 { await node.look(at: .maxRequestsPerMinute, used: used, limit: 100, of: tenant) }
            }
        }
        #expect(
            try await subjects(database) == [
                "Acme has reached its limit max_requests_per_minute",
                "Acme has used 80 % of its limit max_requests_per_minute",
            ])
        let actions = try await database.read(.platform) { sql in
            let page = Page(number: 1, limit: 10)
            return try AuditRepository(sql).list(AuditFilter(), page: page).records.map(\.action).sorted()
        }
        #expect(actions == ["quota.near", "quota.reached"])
        world.advance(by: .seconds(3600))
        await nodes[0].look(at: .maxRequestsPerMinute, used: 80, limit: 100, of: tenant)
        #expect(try await subjects(database).count == 3)
    }

    @Test func `who is at the limit at once is not told of 80 percent after it`() async throws {
        let database = try database()
        let tenant = try tenant()
        await watch(database).look(at: .maxMocks, used: 20, limit: 20, of: tenant)
        await watch(database).look(at: .maxMocks, used: 17, limit: 20, of: tenant)
        #expect(try await subjects(database) == ["Acme has reached its limit max_mocks"])
    }

    @Test func `an unlimited quota is never near`() async throws {
        let database = try database()
        await watch(database).look(at: .maxMocks, used: 1_000_000, limit: nil, of: try tenant())
        #expect(try await subjects(database).isEmpty)
    }

    @Test func `every node follows the operator's switch`() async throws {
        let database = try database()
        let now = world.now
        let nodes = [EnforcementSwitch(), EnforcementSwitch()]
        try await database.write(.platform) { sql in
            try SwitchRepository(sql).set(SwitchRepository.enforcement, to: "report", at: now)
        }
        for node in nodes {
            #expect(!node.letsPass(.maxMocks, plan: .enforce))
            try await node.refresh(from: database)
            #expect(node.letsPass(.maxMocks, plan: .enforce))
        }
        try await database.write(.platform) { sql in
            try SwitchRepository(sql).set(SwitchRepository.enforcement, to: "enforce", at: now)
        }
        for node in nodes {
            try await node.refresh(from: database)
            #expect(!node.letsPass(.maxMocks, plan: .enforce))
            #expect(node.letsPass(.maxMocks, plan: .report))
        }
    }
}
