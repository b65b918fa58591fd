import DataPlane
import Domain
import Hummingbird
import JSON
import Logging
import Metering
import NIOCore
import NIOPosix
import Persistence
import Prometheus
import Synchronization
import TestSupport

/// A data plane over real files in a temporary folder, with one tenant `acme` that has one mock.
final class Hosting: Sendable {
    let folder = TemporaryFolder()
    let world = TestSurroundings()
    let database: SQLiteDatabase
    /// What the data plane reads through.
    let gate: GatedDatabase
    let journal = InProcessJournal()
    let announcements = InProcessAnnouncements()
    let limiters = RateLimiters()
    let enforcement = EnforcementSwitch()
    let registry = Registry()
    let meter: UsageMeter
    let plane: DataPlane
    let tenant = TenantID("acme000001")!
    let workspace: WorkspaceID
    let mock: MockID
    /// The only valid API key.
    static let key = "sk_live_valid"
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(
        plan: String = "free", settings: JSON = [:], scenarios: (any ScenarioState)? = nil,
        configure: (inout DataPlaneConfiguration) -> Void = { _ in }
    ) async throws {
        database = try SQLiteDatabase(folder: folder.path + "/db", surroundings: world.surroundings)
        gate = GatedDatabase(database)
        meter = UsageMeter(database: database, surroundings: world.surroundings, logger: log)
        var configuration = DataPlaneConfiguration()
        configuration.writesToSockets = true
        configure(&configuration)
        plane = DataPlane(
            configuration: configuration, database: gate, objects: FolderObjectStore(folder.path + "/objects"),
            journal: journal, scenarios: scenarios, announcements: announcements, meter: meter, limiters: limiters,
            enforcement: enforcement, metrics: registry,
            surroundings: world.surroundings, logger: log
        ) { secret, _ in secret == Hosting.key }
        workspace = WorkspaceID(from: world.surroundings)
        mock = MockID(from: world.surroundings)
        try await addTenant(tenant, "acme", plan: plan)
        try await addWorkspace(workspace, Slug.default, of: tenant, settings: settings, isDefault: true)
        try await addMock(mock, workspace, of: tenant)
        try await addRoute("GET", "/hello", body: "hello", of: mock, tenant)
    }

    func addTenant(
        _ id: TenantID, _ subdomain: String, plan: String = "free", status: TenantStatus = .active,
        quotas: [QuotaKey: QuotaLimit] = [:], hasNewerSchema: Bool = false
    ) async throws {
        let record = TenantRecord(
            id: id, name: subdomain, subdomain: try Subdomain(subdomain), plan: plan, status: status,
            adminEmail: "admin@example.com", adminName: "Admin", quotaOverrides: quotas, isProvisioned: true,
            createdAt: world.now, updatedAt: world.now)
        try await database.write(.platform) { try TenantRepository($0).insert(record) }
        if hasNewerSchema { try await createNewerSchema(id) } else { try await database.createSchema(id) }
        await announcements.publish(.tenantChanged(id))
    }

    /// As a binary that knows one more migration would.
    private func createNewerSchema(_ tenant: TenantID) async throws {
        let known = MigrationSet.tenant
        let more = Migration(version: known.newestVersion + 1, name: "more", sql: "CREATE TABLE more (id TEXT);")
        let sets = MigrationSets(tenant: MigrationSet(known.migrations + [more]))
        let other = try SQLiteDatabase(folder: folder.path + "/db", migrations: sets, surroundings: world.surroundings)
        try await other.createSchema(tenant)
        try await other.close()
    }

    func changeTenant(_ change: @escaping @Sendable (inout TenantRecord) -> Void) async throws {
        let tenant = tenant
        try await database.write(.platform) { sql in
            guard var record = try TenantRepository(sql).find(tenant) else { return }
            change(&record)
            _ = try TenantRepository(sql).update(record, expectedVersion: record.version)
        }
        await announcements.publish(.tenantChanged(tenant))
    }

    func addWorkspace(
        _ id: WorkspaceID, _ slug: Slug, of tenant: TenantID, settings: JSON = [:], isDefault: Bool = false
    ) async throws {
        let record = WorkspaceRecord(
            id: id, slug: slug, name: slug.text, description: "", isDefault: isDefault, settings: settings,
            createdAt: world.now, updatedAt: world.now)
        try await database.write(.tenant(tenant)) { try WorkspaceRepository($0).insert(record) }
        await announcements.publish(.mocksChanged(tenant, id))
    }

    func addMock(_ id: MockID, _ workspace: WorkspaceID, of tenant: TenantID) async throws {
        let record = MockRecord(
            id: id, workspaceID: workspace, name: "API", basePath: "", source: .null, isEnabled: true,
            createdAt: world.now, updatedAt: world.now)
        try await database.write(.tenant(tenant)) { try MockRepository($0).insert(record) }
        await announcements.publish(.mocksChanged(tenant, workspace))
    }

    /// Adds a route with one response and announces it.
    @discardableResult
    func addRoute(
        _ method: String, _ path: String, status: Int = 200, headers: JSON = [:], body: JSON, delay: Int = 0,
        match: JSON = [:], isTemplate: Bool = false, of mock: MockID? = nil, _ tenant: TenantID? = nil
    ) async throws -> RouteID {
        let id = RouteID(from: world.surroundings)
        let (mock, tenant) = (mock ?? self.mock, tenant ?? self.tenant)
        let response: JSON = [
            "status": JSON(status), "headers": headers, "body": body, "delay": ["ms": JSON(delay)],
            "template": JSON(isTemplate),
        ]
        let definition: JSON = [
            "method": .string(method), "path": .string(path), "match": match, "responses": [response],
        ]
        let now = world.now
        let workspace = try await database.write(.tenant(tenant)) { sql in
            let routes = RouteRepository(sql)
            try routes.insert(
                RouteRecord(
                    id: id, mockID: mock, position: try routes.nextPosition(mock: mock), definition: definition,
                    origin: .null, createdAt: now, updatedAt: now))
            return try MockRepository(sql).find(mock)?.workspaceID
        }
        if let workspace { await announcements.publish(.mocksChanged(tenant, workspace)) }
        return id
    }

    /// Adds a route whose responses, one for each body, take turns.
    func addSequence(_ path: String, _ bodies: [String], when conditions: [JSON] = []) async throws {
        let id = RouteID(from: world.surroundings)
        let responses = bodies.enumerated().map { index, body -> JSON in
            index < conditions.count ? ["body": .string(body), "when": conditions[index]] : ["body": .string(body)]
        }
        let definition: JSON = [
            "method": "GET", "path": .string(path), "selection": "sequence", "responses": .array(responses),
        ]
        let (now, mock) = (world.now, mock)
        try await database.write(.tenant(tenant)) { sql in
            let routes = RouteRepository(sql)
            try routes.insert(
                RouteRecord(
                    id: id, mockID: mock, position: try routes.nextPosition(mock: mock), definition: definition,
                    origin: .null, createdAt: now, updatedAt: now))
        }
        await announcements.publish(.mocksChanged(tenant, workspace))
    }

    func deleteRoute(_ id: RouteID) async throws {
        try await database.write(.tenant(tenant)) { _ = try RouteRepository($0).delete(id) }
        await announcements.publish(.mocksChanged(tenant, workspace))
    }

    var metrics: String { String(decoding: registry.text(), as: UTF8.self) }

    /// Without what the machine's pace decides.
    var steadyMetrics: String {
        metrics.split(separator: "\n").filter { !$0.hasPrefix("mockforge_database_wait") }.joined(separator: "\n")
    }

    func entries() async throws -> [JournalEntry] {
        try await journal.entries(tenant: tenant, workspace: workspace, before: nil, limit: 100) { _ in true }
    }

    func usage() async throws -> UsageTotals {
        try await meter.flush(tenant)
        let filter = UsageFilter(from: Timestamp(seconds: 0), to: Timestamp(seconds: 4_000_000_000))
        return try await database.read(.tenant(tenant)) { try UsageRepository($0).totals(filter) }
    }

    /// Requests by the id of what the dimension names.
    func usage(by dimension: UsageDimension) async throws -> [String: Int] {
        try await meter.flush(tenant)
        let filter = UsageFilter(from: Timestamp(seconds: 0), to: Timestamp(seconds: 4_000_000_000))
        return try await database.read(.tenant(tenant)) { sql in
            let groups = try UsageRepository(sql).groups(filter, by: [dimension])
            return Dictionary(
                uniqueKeysWithValues: groups.map { ($0.routeID ?? $0.mockID ?? $0.workspaceID ?? "", $1.requests) })
        }
    }
}

/// A server on a free port: the data plane in front of a control plane that only says what it got.
struct LoopbackServer: Sendable {
    let hosting: Hosting
    let port: Int

    static func run(_ hosting: Hosting, _ body: @Sendable (LoopbackServer) async throws -> Void) async throws {
        let router = Router()
        router.get("/health") { _, _ in "healthy" }
        router.post("/v1/echo") { request, _ in
            let buffer = try await request.body.collect(upTo: 10_000_000)
            return "echo \(buffer.readableBytes)"
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let app = Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [hosting.plane.makeHandler()])),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { group in
            group.addTask { try await app.run() }
            for await port in ports {
                try await body(LoopbackServer(hosting: hosting, port: port))
                break
            }
            group.cancelAll()
        }
    }

    /// A fresh connection.
    func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    /// Sends `text` on a fresh connection and reads until `isComplete` or the server closes.
    func talk(_ text: String, endInput: Bool = false, until isComplete: @Sendable (String) -> Bool) async throws
        -> String
    {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            if endInput { outbound.finish() }
            var received = ""
            for try await buffer in inbound {
                received += String(buffer: buffer)
                if isComplete(received) { break }
            }
            return received
        }
    }

    /// One request on a connection that ends with it.
    func request(
        _ method: String, _ target: String, host: String = "acme.localhost", headers: [String] = [], body: String = ""
    ) async throws -> String {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        return try await talk(lines.joined(separator: "\r\n") + "\r\n\r\n" + body) { _ in false }
    }
}
