import Backup
import Domain
import Foundation
import JSON
import Logging
import Persistence
import PostgresDriver
import TestSupport
import Testing

/// A platform with its database, its objects and its shelf of backups, for one test.
final class Site: Sendable {
    let clock = TestSurroundings(seed: .random(in: 1...UInt64.max))
    let folder = TemporaryFolder()
    let database: any Database
    let objects: FolderObjectStore
    let announcements = InProcessAnnouncements()

    init(_ database: any Database) {
        self.database = database
        objects = FolderObjectStore(folder.path + "/objects")
    }

    var shelfFolder: String { folder.path + "/backups" }
    var spoolFolder: String { folder.path + "/spool" }

    func backups(key: BackupKey? = nil, in shelf: String? = nil) -> Backups {
        Backups(
            database: database, objects: objects, announcements: announcements,
            store: FolderObjectStore(shelf ?? shelfFolder), key: key, spoolFolder: spoolFolder,
            surroundings: clock.surroundings, version: "test", logger: Logger(label: "test"))
    }

    /// A tenant with two workspaces, an imported mock with its file, routes, a key, usage, mail and audit.
    @discardableResult
    func makeTenant(_ id: TenantID, subdomain: String, routes: Int = 3) async throws -> TenantID {
        let (now, surroundings) = (clock.now, clock.surroundings)
        let member = MemberID(from: surroundings)
        try await database.createSchema(id)
        try await database.write(.platform) { sql in
            try TenantRepository(sql).insert(
                TenantRecord(
                    id: id, name: "Tenant \(subdomain) ü", subdomain: try Subdomain(subdomain), plan: "free",
                    status: .active,
                    adminEmail: "admin@\(subdomain).test", adminName: "",
                    quotaOverrides: [.maxMocks: .init(wireValue: -1)!],
                    permissionOverrides: [:], isProvisioned: true, createdAt: now, updatedAt: now))
            try APIKeyRepository(sql).insert(
                APIKeyRecord(
                    id: APIKeyID(from: surroundings), tenantID: id, name: "Default", scope: .admin,
                    lookupPrefix: "sk_live_\(id)".prefix(16).description, hash: "hash of \(id)", createdAt: now))
            try AuditRepository(sql).insert(
                AuditRecord(
                    id: AuditID(from: surroundings), at: now, tenantID: id, actor: "admin", action: "tenant.create",
                    target: id.text, requestID: "", detail: [:]))
            try OutboxRepository(sql).insert(
                OutboxRecord(
                    mail: Mail(
                        id: MailID(from: surroundings), to: "admin@\(subdomain).test", subject: "Hi", text: "there"),
                    tenantID: id, createdAt: now, nextAttemptAt: now))
            try OutboxRepository(sql).insert(
                OutboxRecord(
                    mail: Mail(
                        id: MailID(from: surroundings), to: "jane@\(subdomain).test", subject: "Sign in", text: "here"),
                    tenantID: id, memberLink: MemberLink(member: member, lifetime: 900), createdAt: now,
                    nextAttemptAt: now))
            try SignInRepository(sql).insert(
                SignInLinkRecord(
                    tokenHash: "sign-in of \(id)", tenantID: id, memberID: member, createdAt: now,
                    expiresAt: now + .seconds(900)))
        }
        try await database.write(.tenant(id)) { sql in
            try MemberRepository(sql).insert(
                MemberRecord(
                    id: member, email: "jane@\(subdomain).test", name: "Jane", role: .owner, createdAt: now,
                    updatedAt: now))
            for (index, slug) in ["default", "staging"].enumerated() {
                let workspace = WorkspaceID(from: surroundings)
                try WorkspaceRepository(sql).insert(
                    WorkspaceRecord(
                        id: workspace, slug: Slug(slug)!, name: slug, description: "日本語 \"quoted\"\n",
                        isDefault: index == 0, settings: ["cors": true], createdAt: now, updatedAt: now))
                let mock = MockID(from: surroundings)
                try MockRepository(sql).insert(
                    MockRecord(
                        id: mock, workspaceID: workspace, name: "Shop", basePath: "/api",
                        source: ["format": "openapi", "object_key": .string("specs/\(slug).json")], isEnabled: true,
                        createdAt: now, updatedAt: now))
                for number in 0..<routes {
                    try RouteRepository(sql).insert(
                        RouteRecord(
                            id: RouteID(from: surroundings), mockID: mock, position: number,
                            definition: ["path": .string("/things/\(number)"), "price": 1.50], origin: .null,
                            createdAt: now, updatedAt: now))
                }
            }
            let usage = ArchivedTable.tenant.first { $0.name == "usage_metrics" }!
            for minute in 0..<250 {
                let values = usage.columns.map { column -> SQLValue in
                    switch column {
                    case "minute", "start_at": .integer(Int64(minute))
                    case _ where column.hasSuffix("_id"): .text("")
                    // More than a double can hold.
                    case "requests": .integer(9_007_199_254_740_993)
                    default: .integer(2)
                    }
                }
                let places = usage.columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
                try sql.execute(
                    "INSERT INTO usage_metrics (\(usage.columns.joined(separator: ", "))) VALUES (\(places))", values)
            }
        }
        for slug in ["default", "staging"] {
            try await objects.put(
                Array(repeating: UInt8(slug.utf8.count), count: 600_000), key: "specs/\(slug).json", tenant: id)
        }
        return id
    }

    /// Everything of a tenant as text, without what a restore is to change.
    func contents(_ id: TenantID, platform: Bool = true) async throws -> [String: [String]] {
        var result: [String: [String]] = [:]
        let changing: Set<String> = ["content_version"]
        for table in ArchivedTable.tenant {
            let columns = table.columns.filter { !changing.contains($0) }
            result[table.name] = try await database.read(.tenant(id)) { sql in
                try sql.query("SELECT \(columns.joined(separator: ", ")) FROM \(table.name)", []).map {
                    "\($0.values)"
                }.sorted()
            }
        }
        if platform {
            for table in ["api_keys", "subdomain_reservations"] {
                result["platform." + table] = try await database.read(.platform) { sql in
                    try sql.query("SELECT * FROM \(table) WHERE tenant_id = $1", [.text(id.text)]).map {
                        "\($0.values)"
                    }.sorted()
                }
            }
        }
        for object in try await objects.list(prefix: "", tenant: id) {
            result["object " + object.key] = [
                "\(try await objects.get(key: object.key, tenant: id)?.hashValue ?? 0)"
            ]
        }
        return result
    }

    func execute(_ statement: String, in scope: DatabaseScope) async throws {
        try await database.write(scope) { sql in _ = try sql.execute(statement, []) }
    }

    func isServed(_ id: TenantID) async throws -> Bool {
        try await database.read(.platform) { sql in try TenantRepository(sql).find(id)?.isProvisioned == true }
    }
}

/// Where the tests of this target keep relational data.
struct DatabaseDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable () async throws -> any Database

    /// PostgreSQL is among them where `MOCKFORGE_TEST_POSTGRES_URL` says where a server is: `make test` starts one.
    static let all = [sqlite] + (PostgresTestDatabase.isAvailable ? [postgres] : [])

    private static let sqlite = DatabaseDriver(testDescription: "SQLite") { try KeptDatabase() }

    private static let postgres = DatabaseDriver(testDescription: "PostgreSQL") {
        let database = PostgresTestDatabase()
        var surroundings = Surroundings.system
        // What was opened keeps the test's database there.
        surroundings.now = { withExtendedLifetime(database) { Surroundings.system.now() } }
        let opened = PostgresDatabase(
            try PostgresAddress(database.url + "?pool_size=4&pool_timeout=60"), surroundings: surroundings,
            logger: Logger(label: "test"))
        try await opened.connect()
        return opened
    }

    /// From one to the other, each way, and from SQLite to itself.
    static let pairs: [DatabasePair] =
        [DatabasePair(source: sqlite, target: sqlite)]
        + (PostgresTestDatabase.isAvailable
            ? [DatabasePair(source: sqlite, target: postgres), DatabasePair(source: postgres, target: sqlite)] : [])
}

struct DatabasePair: Sendable, CustomTestStringConvertible {
    let source: DatabaseDriver
    let target: DatabaseDriver

    var testDescription: String { "\(source.testDescription) to \(target.testDescription)" }
}

/// A SQLite database whose folder stays as long as it is used.
final class KeptDatabase: Database {
    private let folder = TemporaryFolder()
    private let database: SQLiteDatabase

    init(_ migrations: MigrationSets = MigrationSets()) throws {
        database = try SQLiteDatabase(folder: folder.path, migrations: migrations)
    }

    func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result { try await database.write(scope, body) }
    func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result { try await database.read(scope, body) }
    func createSchema(_ tenant: TenantID) async throws { try await database.createSchema(tenant) }
    func dropSchema(_ tenant: TenantID) async throws { try await database.dropSchema(tenant) }
    func schemas() async throws -> [TenantID] { try await database.schemas() }
    var migrationSets: MigrationSets { database.migrationSets }
    func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus { try await database.schemaStatus(scope) }
    func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration] { try await database.migrateSchema(scope) }
    func size(of tenant: TenantID) async throws -> Int { try await database.size(of: tenant) }
    var connectionCount: Int { database.connectionCount }
    var connectionWaits: ConnectionWaits { database.connectionWaits }
    func close() async throws { try await database.close() }
}

let acme = TenantID("acme000001")!
let other = TenantID("other00001")!
