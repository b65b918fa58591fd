import Domain
import Foundation
import HTTPTypes
import JSON
import Persistence
import Synchronization
import Testing

@testable import ControlPlane

struct ProvisioningTests {
    private struct Crash: Error {}

    /// Breaks the first run off after one step, as a crash would.
    private static func crashOnce(after step: ProvisioningStep) -> ProvisioningObserver {
        let armed = Mutex(true)
        return { done, _ in
            let fires = armed.withLock { armed in
                defer { if done == step { armed = false } }
                return armed && done == step
            }
            if fires { throw Crash() }
        }
    }

    private func state(_ installation: Installation) async throws -> (tenants: Int, schemas: Int, prefixes: Int) {
        (
            try await installation.send(.get, "/v1/tenants").json["total"]?.integer ?? -1,
            try await installation.database.schemas().count, try await installation.objects.tenants().count
        )
    }

    private static let resumable = ProvisioningStep.allCases.filter { $0 != .apiKey }

    @Test(arguments: resumable)
    func `a run broken off after any step and sent again ends with one tenant`(step: ProvisioningStep) async throws {
        let installation = try Installation(observer: Self.crashOnce(after: step))
        let headers = ["Idempotency-Key": "provision-acme-1"]
        let first = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        #expect(first.status == 500)
        let second = try await installation.send(
            .post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        #expect(second.status == 201)
        #expect(try await state(installation) == (1, 1, 1))
        let key = try #require(second.json["api_key"]?.string)
        #expect(try await installation.send(.get, "/v1/tenant", token: key).status == 200)
        let keys = try await installation.send(.get, "/v1/api-keys", token: key)
        #expect(keys.json["total"] == 1)
        try await MailReconciler(platform: installation.platform).reconcile()
        #expect(installation.mailer.sent.count == 1)
    }

    @Test(arguments: resumable.filter { $0 != .welcomeMail })
    func `a run that nobody takes up again leaves nothing behind`(step: ProvisioningStep) async throws {
        let installation = try Installation(observer: Self.crashOnce(after: step))
        let headers = ["Idempotency-Key": "provision-acme-1"]
        _ = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        installation.clock.advance(.seconds(3600))
        try await ProvisioningReconciler(platform: installation.platform).reconcile()
        #expect(try await state(installation) == (0, 0, 0))
        let retry = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        #expect(retry.status == 201)
        #expect(try await state(installation) == (1, 1, 1))
    }

    @Test func `a run that still moves is left alone`() async throws {
        let installation = try Installation(observer: Self.crashOnce(after: .defaultWorkspace))
        let headers = ["Idempotency-Key": "provision-acme-1"]
        _ = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        installation.clock.advance(.seconds(60))
        try await ProvisioningReconciler(platform: installation.platform).reconcile()
        #expect(try await state(installation).schemas == 1)
    }

    @Test func `a failed run without a key is undone at once`() async throws {
        let installation = try Installation(observer: Self.crashOnce(after: .storage))
        let answer = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody())
        #expect(answer.status == 500)
        #expect(answer.code == "internal_error")
        #expect(!answer.text.contains("Crash"))
        #expect(try await state(installation) == (0, 0, 0))
        #expect(try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody()).status == 201)
    }

    @Test func `an unfinished tenant is visible nowhere`() async throws {
        let installation = try Installation(observer: Self.crashOnce(after: .storage))
        let headers = ["Idempotency-Key": "provision-acme-1"]
        _ = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        let id = try #require(try await installation.database.schemas().first)
        #expect(try await installation.send(.get, "/v1/tenants/\(id)").status == 404)
        #expect(try await installation.send(.get, "/v1/tenants").json["total"] == 0)
        let other = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody())
        #expect(other.status == 409)
    }

    @Test func `50 requests with one key at the same time make one tenant`() async throws {
        let installation = try Installation()
        let headers = ["Idempotency-Key": "provision-acme-1"]
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await installation.send(
                        .post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
                }
            }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 201 })
        #expect(Set(answers.map(\.text)).count == 1)
        #expect(try await state(installation) == (1, 1, 1))
        #expect(try await installation.send(.get, "/v1/audit-log?action=tenant.create").json["total"] == 1)
    }

    @Test func `50 requests for one subdomain with keys of their own make one tenant`() async throws {
        let installation = try Installation()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await installation.send(
                        .post, "/v1/tenants", json: Installation.tenantBody(),
                        headers: ["Idempotency-Key": "provision-\(number)"]
                    ).status
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 201 }.count == 1)
        #expect(statuses.filter { $0 == 409 }.count == 49)
        #expect(try await state(installation) == (1, 1, 1))
    }

    @Test func `a replay is the same answer with the same key and says that it is one`() async throws {
        let installation = try Installation()
        let headers = ["Idempotency-Key": "provision-acme-1"]
        let first = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        let second = try await installation.send(
            .post, "/api/v1/tenants", json: Installation.tenantBody(), headers: headers)
        #expect(second.status == 201)
        #expect(second.text == first.text)
        #expect(second.headers[.eTag] == first.headers[.eTag])
        #expect(first.headers[.idempotencyReplayed] == nil)
        #expect(second.headers[.idempotencyReplayed] == "true")
    }

    @Test func `a key is forgotten after 24 hours`() async throws {
        let installation = try Installation()
        let headers = ["Idempotency-Key": "provision-acme-1"]
        _ = try await installation.send(.post, "/v1/tenants", json: Installation.tenantBody(), headers: headers)
        installation.clock.advance(.seconds(86_401))
        let later = try await installation.send(
            .post, "/v1/tenants", json: Installation.tenantBody("other"), headers: headers)
        #expect(later.status == 201)
        #expect(later.json["subdomain"] == "other")
    }

    @Test func `the key of a new tenant is stored nowhere in the clear`() async throws {
        let installation = try Installation()
        let answer = try await installation.send(
            .post, "/v1/tenants", json: Installation.tenantBody(), headers: ["Idempotency-Key": "provision-acme-1"])
        let secret = try #require(answer.json["api_key"]?.string)
        let files = try installation.storedBytes()
        #expect(!files.isEmpty)
        // The lookup prefix is stored; nothing longer may be.
        for needle in [String(secret.prefix(24)), "provision-acme-1"] {
            #expect(files.allSatisfy { $0.range(of: Data(needle.utf8)) == nil })
        }
    }

    @Test func `the welcome mail is sent once, names the address and holds no key`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        let reconciler = MailReconciler(platform: installation.platform)
        try await reconciler.reconcile()
        try await reconciler.reconcile()
        let mail = try #require(installation.mailer.sent.first)
        #expect(installation.mailer.sent.count == 1)
        #expect(mail.to == "admin@acme.com")
        #expect(mail.text.contains("http://acme-corp.localhost:8080"))
        #expect(!mail.text.contains("sk_live_"))
        #expect(!mail.text.contains(tenant.key))
        #expect(mail.html?.contains("sk_live_") == false)
    }

    @Test func `mail that fails is tried again after a pause that grows`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        installation.mailer.failNext(2)
        let reconciler = MailReconciler(platform: installation.platform)
        try await reconciler.reconcile()
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.isEmpty)
        installation.clock.advance(.seconds(31))
        try await reconciler.reconcile()
        installation.clock.advance(.seconds(31))
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.isEmpty)
        installation.clock.advance(.seconds(30))
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.count == 1)
        #expect(MailReconciler.delay(after: 15) == .seconds(4 * 3600))
    }

    @Test func `a purge broken off half-way is completed and an unknown schema is kept`() async throws {
        let installation = try Installation()
        let tenant = try #require(TenantID(try await installation.makeTenant().id))
        _ = try await installation.send(.delete, "/v1/tenants/\(tenant)")
        let now = installation.clock.now
        try await installation.database.write(.platform) { sql in
            guard let record = try TenantRepository(sql).find(tenant) else { throw Crash() }
            _ = try TenantPurge.apply(to: record, sql, at: now)
        }
        let stranger = try #require(TenantID("s123456789"))
        try await installation.database.createSchema(stranger)
        try await ProvisioningReconciler(platform: installation.platform).reconcile()
        #expect(try await installation.database.schemas() == [stranger])
        #expect(try await installation.objects.tenants().isEmpty)
    }
}
