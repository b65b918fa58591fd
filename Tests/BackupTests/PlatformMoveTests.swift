import Backup
import Domain
import Foundation
import Persistence
import TestSupport
import Testing

@Suite struct `Moving a platform` {
    private let source: Site
    private let target: Site

    init() async throws { try await self.init(DatabaseDriver.pairs[0]) }

    private init(_ pair: DatabasePair) async throws {
        source = Site(try await pair.source.open())
        target = Site(try await pair.target.open())
        try await source.makeTenant(acme, subdomain: "acme")
        try await source.makeTenant(other, subdomain: "other")
        try await source.database.write(.platform) { sql in
            try sql.execute("INSERT INTO subdomain_reservations VALUES ('gone', 'gone000000', 5)", [])
            try sql.execute("INSERT INTO idempotency_keys VALUES ('hash', 'print', 201, 'sealed', 5)", [])
        }
    }

    private var move: PlatformMove {
        PlatformMove(
            from: .init(database: source.database, objects: source.objects),
            to: .init(database: target.database, objects: target.objects), sharesObjects: false,
            spoolFolder: target.spoolFolder, surroundings: target.clock.surroundings)
    }

    private func platformRows(_ site: Site) async throws -> [[String]] {
        try await site.database.read(.platform) { sql in
            try ArchivedTable.platform.map { table in
                try sql.query("SELECT \(table.columns.joined(separator: ", ")) FROM \(table.name)", []).map {
                    "\($0.values)"
                }.sorted()
            }
        }
    }

    @Test(arguments: DatabaseDriver.pairs)
    func `brings every row and file over, without a difference`(pair: DatabasePair) async throws {
        let platforms = try await Self(pair)
        let (source, target) = (platforms.source, platforms.target)
        let report = try await platforms.move.run()
        #expect(report.tenants == 2)
        #expect(report.objects == 4)
        #expect(report.objectBytes == 2_400_000)
        #expect(try await platformRows(target) == platformRows(source))
        for tenant in [acme, other] {
            #expect(try await target.contents(tenant) == source.contents(tenant))
            #expect(try await target.isServed(tenant))
        }
        let left = try await target.database.read(.platform) { try $0.query("SELECT * FROM provisioning", []).count }
        #expect(left == 0)
    }

    @Test func `goes on where it was broken off`() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await move.run { progress in
                    if progress.part == other.text { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
        }
        let target = target
        try await target.database.write(.platform) { sql in
            // As a kill between the two would leave it.
            try sql.execute("DELETE FROM tenants WHERE id = $1", [.text(other.text)])
            try sql.execute("DELETE FROM provisioning WHERE tenant_id = $1", [.text(other.text)])
            try sql.execute(
                "INSERT INTO provisioning VALUES ($1, NULL, 'restore', -2, 5, 5)", [.text(other.text)])
            try sql.execute(
                "INSERT INTO provisioning VALUES ('move000000', NULL, 'move', -3, 5, 5) ON CONFLICT DO NOTHING", [])
        }
        let report = try await move.run()
        #expect(report.alreadyThere == 1)
        #expect(report.tenants == 1)
        #expect(try await platformRows(target) == platformRows(source))
        for tenant in [acme, other] { #expect(try await target.contents(tenant) == source.contents(tenant)) }
    }

    @Test func `refuses a target that is not empty`() async throws {
        try await target.makeTenant(TenantID("third00001")!, subdomain: "third")
        let error = await #expect(throws: BackupError.self) { try await move.run() }
        #expect(error?.description.contains("not empty") == true)
    }

    @Test func `refuses a source in which tenants are being made`() async throws {
        try await source.execute(
            "INSERT INTO provisioning VALUES ('third00001', NULL, 'x', 1, 5, 5)", in: .platform)
        let error = await #expect(throws: BackupError.self) { try await move.run() }
        #expect(error?.description.contains("third00001") == true)
    }

    @Test func `leaves the files alone where both platforms have the same store`() async throws {
        let shared = PlatformMove(
            from: .init(database: source.database, objects: source.objects),
            to: .init(database: target.database, objects: source.objects), sharesObjects: true,
            spoolFolder: target.spoolFolder, surroundings: target.clock.surroundings)
        let report = try await shared.run()
        #expect(report.objects == 0)
        #expect(try await source.objects.list(prefix: "", tenant: acme).count == 2)
    }
}
