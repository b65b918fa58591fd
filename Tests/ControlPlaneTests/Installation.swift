import Backup
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import NIOCore
import Persistence
import Synchronization

@testable import ControlPlane

/// A whole control plane over SQLite in a temporary folder, or over a database and an object store that it shares with other
/// nodes, with a clock that stands still until it is moved.
final class Installation: Sendable {
    static let adminToken = "the-operator's-token"

    let clock = HandClock()
    let mailer = RecordingMailer()
    let objects: MemoryObjectStore
    /// Where backups lie.
    let shelf: MemoryObjectStore
    let announcements = RecordingAnnouncements()
    let journal = InProcessJournal()
    let flushes: Flushes
    let database: any Database
    let platform: Platform
    let plane: ControlPlane
    private let folder: URL

    /// - Parameter shared: what all nodes have in common.
    init(observer: ProvisioningObserver? = nil, sharing shared: (any Database, MemoryObjectStore)? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "mockforge-\(UUID().uuidString)")
        let clock = clock
        objects = shared?.1 ?? MemoryObjectStore(now: { clock.now })
        let surroundings = Surroundings(now: { clock.now }, random: Surroundings.system.random)
        database =
            try shared?.0 ?? SQLiteDatabase(folder: folder.path(percentEncoded: false), surroundings: surroundings)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let flushes = Flushes()
        self.flushes = flushes
        let (database, objects, announcements, spool) = (database, objects, announcements, folder.path + "/spool")
        let shelf = MemoryObjectStore(now: { clock.now })
        self.shelf = shelf
        let backups = BackupWork { [logger] in
            Backups(
                database: database, objects: objects, announcements: announcements, store: shelf, key: nil,
                spoolFolder: spool, surroundings: surroundings, version: "1.2.3", logger: logger)
        }
        platform = Platform(
            database: database, announcements: announcements, objects: objects, journal: journal,
            sessions: InProcessSessions { clock.now }, mailer: mailer,
            surroundings: surroundings, plans: PlanCatalog(), addresses: PublicAddresses(port: 8080), logger: logger,
            version: "1.2.3", backupWork: backups, flushUsage: { flushes.note($0) })
        plane = ControlPlane(
            platform: platform, adminToken: AdminToken(Self.adminToken),
            endpoints: ControlPlane.endpoints(observer: observer))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// All bytes that the databases hold.
    func storedBytes() throws -> [Data] {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return try (files?.compactMap { $0 as? URL } ?? []).filter { !$0.hasDirectoryPath }.map {
            try Data(contentsOf: $0)
        }
    }

    /// Sends one request; without a token, without credentials.
    func send(
        _ method: HTTPRequest.Method, _ path: String, token: String? = adminToken, json: JSON? = nil,
        text: String? = nil, type: String = "application/json", headers: [String: String] = [:],
        host: String = "localhost"
    ) async throws -> Answer {
        var fields = HTTPFields()
        for (name, value) in headers { fields[HTTPField.Name(name)!] = value }
        if let token { fields[.authorization] = "Bearer \(token)" }
        let body = text ?? json?.text
        if body != nil { fields[.contentType] = type }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(responder: AtHost(plane: plane, host: host), logger: logger)
        let response = try await application.test(.router) { [fields] client in
            try await client.execute(
                uri: path, method: method, headers: fields, body: body.map { ByteBuffer(string: $0) })
        }
        return Answer(response)
    }

    /// A fresh tenant: its id and its first key, which has the scope `admin`.
    func makeTenant(_ subdomain: String = "acme-corp", plan: String = "professional") async throws -> (
        id: String, key: String
    ) {
        let answer = try await send(.post, "/api/v1/tenants", json: Self.tenantBody(subdomain, plan: plan))
        guard answer.status == 201, let id = answer.json["tenant_id"]?.string, let key = answer.json["api_key"]?.string
        else { throw UnexpectedAnswer(answer: answer) }
        return (id, key)
    }

    /// A further key of a tenant: its id and secret.
    func makeKey(_ tenant: String, scope: String) async throws -> (id: String, key: String) {
        let answer = try await send(
            .post, "/api/v1/tenants/\(tenant)/api-keys", json: ["name": "extra", "scope": .string(scope)])
        guard let id = answer.json["id"]?.string, let key = answer.json["api_key"]?.string else {
            throw UnexpectedAnswer(answer: answer)
        }
        return (id, key)
    }

    static func tenantBody(_ subdomain: String = "acme-corp", plan: String = "professional") -> JSON {
        [
            "name": "Acme Corporation", "subdomain": .string(subdomain), "plan": .string(plan),
            "admin_email": "admin@acme.com", "admin_name": "John Doe",
        ]
    }
}

/// Lets requests come to another host than the test client's.
private struct AtHost: HTTPResponder {
    let plane: ControlPlane
    let host: String

    func respond(to request: Request, context: ControlPlane.Context) async throws -> Response {
        var head = request.head
        head.authority = host
        return try await plane.respond(to: Request(head: head, body: request.body), context: context)
    }
}

struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String
    let json: JSON

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        text = String(buffer: response.body)
        json = (try? JSON.parse(text)) ?? .null
    }

    var code: String? { json["code"]?.string }
    /// The places of the violations.
    var pointers: [String] { json["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }

    /// The body of a problem without what differs between any two requests.
    var comparableProblem: JSON { json.merging(["request_id": nil, "instance": nil]) }
}

struct UnexpectedAnswer: Error, CustomStringConvertible {
    let answer: Answer
    var description: String { "\(answer.status) \(answer.text)" }
}

final class HandClock: Sendable {
    private let moment = Mutex(Timestamp(seconds: 1_800_000_000))
    var now: Timestamp { moment.withLock { $0 } }
    func advance(_ duration: Duration) { moment.withLock { $0 = $0 + duration } }
}

/// Which tenants' usage was brought up to date.
final class Flushes: Sendable {
    private let state = Mutex([TenantID]())
    var tenants: [TenantID] { state.withLock { $0 } }
    func note(_ tenant: TenantID) { state.withLock { $0.append(tenant) } }
}

final class RecordingMailer: Mailer {
    struct Refusal: Error {}
    private let state = Mutex((sent: [Mail](), failures: 0, refuses: false, knowsRepeats: false))
    var knowsRepeats: Bool { state.withLock { $0.knowsRepeats } }
    var sent: [Mail] { state.withLock { $0.sent } }
    func failNext(_ count: Int) { state.withLock { $0.failures = count } }
    func recogniseRepeats() { state.withLock { $0.knowsRepeats = true } }
    func refuseForGood() { state.withLock { $0.refuses = true } }

    func send(_ mail: Mail) async throws {
        try state.withLock { state in
            if state.refuses { throw MailerError.permanent("550 no such user") }
            if state.failures > 0 {
                state.failures -= 1
                throw Refusal()
            }
            state.sent.append(mail)
        }
    }
}

final class RecordingAnnouncements: Announcements {
    private let state = Mutex([Announcement]())
    var published: [Announcement] { state.withLock { $0 } }
    func publish(_ announcement: Announcement) async { state.withLock { $0.append(announcement) } }
    func subscribe(_ handler: @escaping @Sendable (Announcement) async -> Void) {}
}

final class MemoryObjectStore: ObjectStore {
    private let state = Mutex([TenantID: [String: (bytes: [UInt8], at: Timestamp)]]())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: 0) }) { self.now = now }

    func prepare(_ tenant: TenantID) async throws { state.withLock { $0[tenant, default: [:]].merge([:]) { $1 } } }
    func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws {
        state.withLock { $0[tenant, default: [:]][key] = (bytes, now()) }
    }
    func put(_ stream: ObjectStream, key: String, tenant: TenantID) async throws -> Int {
        let bytes = try await stream.reduce(into: []) { $0 += $1 }
        try await put(bytes, key: key, tenant: tenant)
        return bytes.count
    }
    func get(key: String, tenant: TenantID) async throws -> [UInt8]? { state.withLock { $0[tenant]?[key]?.bytes } }
    func stream(key: String, tenant: TenantID) async throws -> ObjectStream? {
        guard let bytes = try await get(key: key, tenant: tenant) else { return nil }
        let left = Mutex(bytes as [UInt8]?)
        return ObjectStream { left.withLock { $0.take() } }
    }
    func delete(key: String, tenant: TenantID) async throws { state.withLock { $0[tenant]?[key] = nil } }
    func list(prefix: String, tenant: TenantID) async throws -> [StoredObject] {
        state.withLock { ($0[tenant] ?? [:]).filter { $0.key.hasPrefix(prefix) } }.map {
            StoredObject(key: $0.key, size: $0.value.bytes.count, modifiedAt: $0.value.at)
        }.sorted { $0.key < $1.key }
    }
    func deleteAll(_ tenant: TenantID) async throws { state.withLock { $0[tenant] = nil } }
    func tenants() async throws -> [TenantID] { state.withLock { Array($0.keys) } }
    func removeUnfinished(before moment: Timestamp, tenant: TenantID) async throws -> Int { 0 }
}

extension HTTPField.Name {
    static let idempotencyReplayed = Self("Idempotency-Replayed")!
    static let retryAfter = Self("Retry-After")!
    static let wwwAuthenticateName = Self("WWW-Authenticate")!
}
