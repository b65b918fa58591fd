import Backup
import Domain
import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

/// 32 bytes in Base64.
private let testKey = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="

@Suite struct `Backing up and restoring` {
    @Test(arguments: DatabaseDriver.all, [nil, testKey])
    func `a tenant whose schema was destroyed comes back as it was, and alone`(
        driver: DatabaseDriver, key: String?
    ) async throws {
        let site = Site(try await driver.open())
        try await site.makeTenant(acme, subdomain: "acme")
        try await site.makeTenant(other, subdomain: "other")
        let backups = site.backups(key: try key.map { try BackupKey($0) })
        let before = try await site.contents(acme)
        let manifest = try await backups.create()
        #expect(manifest.parts.map(\.summary.part) == [.platform, .tenant(acme), .tenant(other)])
        #expect(try await backups.verify(manifest.id) == [])

        try await site.database.dropSchema(acme)
        try await site.objects.deleteAll(acme)
        // The other goes on writing while the one is restored.
        let end = Flag()
        let writing = Task {
            var writes = 0
            while !end.isSet.load(ordering: .relaxed) {
                try await site.execute("UPDATE workspaces SET version = version + 1", in: .tenant(other))
                writes += 1
            }
            return writes
        }
        try await backups.restore(acme, from: manifest.id, to: .same(replaces: false))
        // Not by cancelling, which would leave it open whether the last write took place.
        end.isSet.store(true, ordering: .relaxed)
        let writes = try await writing.value

        #expect(try await site.contents(acme) == before)
        #expect(try await site.isServed(acme))
        #expect(writes > 0)
        let versions = try await site.database.read(.tenant(other)) { sql in
            try sql.query("SELECT version FROM workspaces", []).map { try $0.integer("version") }
        }
        #expect(versions == [writes + 1, writes + 1])
    }

    @Test func `a tenant that was purged comes back with its keys and its subdomain`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let before = try await site.contents(acme)
        let manifest = try await site.backups().create(acme)
        let now = site.clock.now
        try await site.database.write(.platform) { sql in
            _ = try TenantRepository(sql).delete(acme, at: now)
            try TenantRepository(sql).purge(acme, at: now)
        }
        try await site.database.dropSchema(acme)
        try await site.objects.deleteAll(acme)

        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: false))
        #expect(try await site.contents(acme) == before)
        #expect(try await site.isServed(acme))
        let mails = try await site.database.read(.platform) { try $0.query("SELECT id FROM mail_outbox", []).count }
        #expect(mails == 0, "mail that was sent long ago must not be sent again")
    }

    @Test func `a tenant that is there is replaced only when told to`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let before = try await site.contents(acme)
        let manifest = try await site.backups().create(acme)
        try await site.execute("DELETE FROM mocks", in: .tenant(acme))
        try await site.objects.put([1], key: "specs/later.json", tenant: acme)

        let error = await #expect(throws: BackupError.self) {
            try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: false))
        }
        #expect(error?.description.contains("--replace") == true)
        #expect(try await site.contents(acme) != before)
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true))
        #expect(try await site.contents(acme) == before)
    }

    @Test func `what was decided about an account since the backup stands`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let manifest = try await site.backups().create(acme)
        try await site.database.write(.platform) { sql in
            try sql.execute("UPDATE api_keys SET revoked_at = 5", [])
            try sql.execute("UPDATE tenants SET status = 'suspended', plan = 'enterprise'", [])
        }
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true))
        let (tenant, keys) = try await site.database.read(.platform) { sql in
            (
                try TenantRepository(sql).find(acme),
                try sql.query("SELECT revoked_at FROM api_keys", []).map { try $0.integer("revoked_at") }
            )
        }
        #expect(tenant?.status == .suspended)
        #expect(tenant?.plan == "enterprise")
        #expect(keys == [5])
    }

    @Test func `a copy is a new tenant with its own name and key and without the old one's usage`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let before = try await site.contents(acme)
        let manifest = try await site.backups().create(acme)
        let key = APIKeyRecord(
            id: APIKeyID(from: site.clock.surroundings), tenantID: other, name: "Default", scope: .admin,
            lookupPrefix: "sk_live_new", hash: "new", createdAt: site.clock.now)
        try await site.backups().restore(
            acme, from: manifest.id, to: .new(other, try Subdomain("acme-two"), key: key))

        #expect(try await site.contents(acme) == before)
        let copy = try await site.contents(other)
        for name in ["workspaces", "mocks", "routes", "object specs/default.json"] {
            #expect(copy[name] == before[name])
        }
        #expect(copy["usage_metrics"] == [])
        #expect(before["members"]?.count == 1)
        #expect(copy["members"] == [])
        #expect(copy["platform.api_keys"]?.count == 1)
        let tenant = try await site.database.read(.platform) { try TenantRepository($0).find(other) }
        #expect(tenant?.subdomain.text == "acme-two")
        #expect(tenant?.isProvisioned == true)
        #expect(tenant?.quotaOverrides == [.maxMocks: .init(wireValue: -1)!])
    }

    @Test func `a restored workspace is newer than anything that a node has compiled`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let manifest = try await site.backups().create(acme)
        func versions() async throws -> [Int] {
            try await site.database.read(.tenant(acme)) { sql in
                try sql.query("SELECT content_version FROM workspaces", []).map { try $0.integer("content_version") }
            }
        }
        let before = try await versions()
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true))
        let first = try await versions()
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true))
        #expect(zip(first, before).allSatisfy { $0 > $1 + 1_000_000 })
    }

    @Test(arguments: TenantRestore.Step.allCases)
    func `a restore that is killed serves nothing, and the next one completes it`(step: TenantRestore.Step) async throws
    {
        struct Killed: Error {}
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let before = try await site.contents(acme)
        let manifest = try await site.backups().create(acme)
        await #expect(throws: Killed.self) {
            try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true)) { reached in
                if reached == step { throw Killed() }
            }
        }
        #expect(try await !site.isServed(acme))
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: false))
        #expect(try await site.contents(acme) == before)
        #expect(try await site.isServed(acme))
    }

    @Test func `announces the tenant and its workspaces when they are back`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        let manifest = try await site.backups().create(acme)
        let heard = Heard()
        site.announcements.subscribe { await heard.add($0, isServed: try? await site.isServed(acme)) }
        try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: true))
        let announcements = await heard.all
        #expect(announcements.map(\.isServed) == [false, true, true, true])
        #expect(announcements.prefix(2).allSatisfy { $0.announcement == .tenantChanged(acme) })
    }

    private actor Heard {
        private(set) var all: [(announcement: Announcement, isServed: Bool?)] = []
        func add(_ announcement: Announcement, isServed: Bool?) { all.append((announcement, isServed)) }
    }

    @Test func `a tenant without its schema does not keep the others from being backed up`() async throws {
        let site = Site(try KeptDatabase())
        try await site.makeTenant(acme, subdomain: "acme")
        try await site.makeTenant(other, subdomain: "other")
        try await site.database.dropSchema(acme)
        let manifest = try await site.backups().create()
        #expect(manifest.parts.map(\.summary.part) == [.platform, .tenant(other)])
        #expect(manifest.skipped.map(\.tenant) == [acme])
        await #expect(throws: BackupError.self) { try await site.backups().create(acme) }
        #expect(try await site.backups().list().map(\.id) == [manifest.id])
    }

    @Test(arguments: DatabaseDriver.pairs)
    func `everything comes back into an empty platform`(pair: DatabasePair) async throws {
        let site = Site(try await pair.source.open())
        try await site.makeTenant(acme, subdomain: "acme")
        try await site.makeTenant(other, subdomain: "other")
        try await site.execute("INSERT INTO subdomain_reservations VALUES ('gone', 'gone000000', 5)", in: .platform)
        let manifest = try await site.backups().create()
        let empty = Site(try await pair.target.open())
        let failures = try await empty.backups(in: site.shelfFolder).restoreAll(from: manifest.id, replaces: false)
        #expect(failures == [])
        for tenant in [acme, other] {
            #expect(try await empty.contents(tenant) == site.contents(tenant))
            #expect(try await empty.isServed(tenant))
        }
        let reserved = try await empty.database.read(.platform) {
            try $0.query("SELECT * FROM subdomain_reservations WHERE subdomain = 'gone'", []).count
        }
        #expect(reserved == 1)
    }
}

@Suite struct `Archives` {
    private let site: Site

    init() throws { site = Site(try KeptDatabase()) }

    private func archive(_ manifest: BackupManifest) -> String {
        "\(site.shelfFolder)/tenants/backups000/\(manifest.id)/\(acme).archive"
    }

    @Test func `an encrypted one tells nothing, and another key gives a sentence`() async throws {
        try await site.makeTenant(acme, subdomain: "acme")
        let key = try BackupKey(testKey)
        let manifest = try await site.backups(key: key).create(acme)
        #expect(manifest.keyID == key.id)
        let bytes = try Data(contentsOf: URL(filePath: archive(manifest)))
        #expect(bytes.range(of: Data("/things/1".utf8)) == nil)
        let plain = try await site.backups().create(acme)
        #expect(try Data(contentsOf: URL(filePath: archive(plain))).range(of: Data("/things/1".utf8)) != nil)

        let wrong = try BackupKey(String(repeating: "ab", count: 32))
        var error = await #expect(throws: BackupError.self) { try await site.backups(key: wrong).verify(manifest.id) }
        #expect(
            error?.description.contains("encrypted with key \(key.id), and the configured one is \(wrong.id)") == true)
        error = await #expect(throws: BackupError.self) { try await site.backups().verify(manifest.id) }
        #expect(error?.description.contains("set backup.key") == true)
    }

    @Test(arguments: [nil, testKey])
    func `any changed, missing or added byte is found, and nothing is touched`(key: String?) async throws {
        try await site.makeTenant(acme, subdomain: "acme")
        let backups = site.backups(key: try key.map { try BackupKey($0) })
        let manifest = try await backups.create(acme)
        let before = try await site.contents(acme)
        let file = URL(filePath: archive(manifest))
        let whole = try Data(contentsOf: file)
        var damaged: [Data] = [whole.dropLast(1), whole + [0], Data()]
        for position in stride(from: 0, to: whole.count, by: whole.count / 7) {
            var copy = whole
            copy[position] ^= 1
            damaged.append(copy)
        }
        for bytes in damaged {
            try bytes.write(to: file)
            #expect(try await backups.verify(manifest.id).count == 1)
            await #expect(throws: BackupError.self) {
                try await backups.restore(acme, from: manifest.id, to: .same(replaces: true))
            }
        }
        #expect(try await site.contents(acme) == before)
        #expect(try await site.isServed(acme))
    }

    @Test func `one of another tenant or backup is not taken for this one's`() async throws {
        try await site.makeTenant(acme, subdomain: "acme")
        let backups = site.backups(key: try BackupKey(testKey))
        let first = try await backups.create(acme)
        let second = try await backups.create(acme)
        try FileManager.default.removeItem(atPath: archive(first))
        try FileManager.default.copyItem(atPath: archive(second), toPath: archive(first))
        #expect(try await backups.verify(first.id).count == 1)
    }

    @Test(arguments: ["", "short", "zz", String(repeating: "a", count: 63)])
    func `a text that is no key is refused with the way to make one`(text: String) {
        let error = #expect(throws: BackupError.self) { try BackupKey(text) }
        #expect(error?.description.contains("openssl rand") == true)
    }

    @Test func `one of an older version goes through the later migrations`() async throws {
        var old = MigrationSets()
        try await site.makeTenant(acme, subdomain: "acme")
        let manifest = try await site.backups().create(acme)
        old.tenant = MigrationSet(
            old.tenant.migrations + [
                Migration(
                    version: old.tenant.newestVersion + 1, name: "more",
                    sql: """
                        ALTER TABLE workspaces ADD COLUMN motto TEXT NOT NULL DEFAULT '';
                        UPDATE workspaces SET motto = slug || '!';
                        """)
            ])
        let new = Site(try KeptDatabase(old))
        try await new.backups(in: site.shelfFolder).restore(acme, from: manifest.id, to: .same(replaces: false))
        let mottos = try await new.database.read(.tenant(acme)) { sql in
            try sql.query("SELECT motto FROM workspaces ORDER BY motto", []).map { try $0.text("motto") }
        }
        #expect(mottos == ["default!", "staging!"])
        #expect(try await new.database.schemaStatus(.tenant(acme)) == .current(version: old.tenant.newestVersion))
        #expect(try await new.contents(acme) == site.contents(acme))
    }

    @Test func `one of a newer version is refused`() async throws {
        var newer = MigrationSets()
        newer.tenant = MigrationSet(
            newer.tenant.migrations + [
                Migration(version: newer.tenant.newestVersion + 1, name: "more", sql: "CREATE TABLE more (id TEXT);")
            ])
        let new = Site(try KeptDatabase(newer))
        try await new.makeTenant(acme, subdomain: "acme")
        let manifest = try await new.backups(in: site.shelfFolder).create(acme)
        let error = await #expect(throws: BackupError.self) {
            try await site.backups().restore(acme, from: manifest.id, to: .same(replaces: false))
        }
        #expect(error?.description.contains("install the newer mockforge") == true)
    }
}

@Suite struct `Retention` {
    private let site: Site

    init() throws { site = Site(try KeptDatabase()) }

    @Test func `keeps as many as told and none that is too old, but always the newest`() async throws {
        try await site.makeTenant(acme, subdomain: "acme")
        let backups = site.backups()
        var ids: [String] = []
        for _ in 0..<5 {
            ids.append(try await backups.create().id)
            site.clock.advance(by: .seconds(86_400))
        }
        let single = try await backups.create(acme).id
        #expect(try await backups.prune(BackupRetention(count: 4)) == [ids[0]])
        #expect(try await backups.prune(BackupRetention(age: .seconds(3 * 86_400 + 1))) == [ids[1]])
        site.clock.advance(by: .seconds(100 * 86_400))
        try await backups.prune(BackupRetention(count: 1, age: .seconds(1)))
        #expect(try await backups.list().map(\.id) == [ids[4], single])
    }

    @Test func `removes what was never completed, after a day`() async throws {
        let store = FolderObjectStore(site.shelfFolder)
        let id = "\(site.clock.now.rfc3339.prefix(4))0101t000000z-abcd"
        try await store.put([1], key: "\(id)/platform.archive", tenant: TenantID("backups000")!)
        #expect(try await site.backups().list().map(\.manifest) == [nil])
        #expect(try await site.backups().prune(BackupRetention()) == [id])
        #expect(try await site.backups().list().isEmpty)
    }
}

private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
}
