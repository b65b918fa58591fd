import Domain
import Foundation
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// The link of the welcome mail: one key, once.
@Suite struct WelcomeTests {
    /// The token that the welcome mail of a fresh tenant carries.
    private func token(_ installation: Installation) async throws -> String {
        try await MailReconciler(platform: installation.platform).reconcile()
        return try Self.token(try #require(installation.mailer.sent.last))
    }

    private static func token(_ mail: Mail) throws -> String {
        let start = try #require(mail.text.range(of: "http://localhost:8080/api/v1/welcome#")).upperBound
        return String(mail.text[start...].prefix { !$0.isNewline })
    }

    private func redeem(_ installation: Installation, _ token: String) async throws -> Answer {
        try await installation.send(.post, "/v1/welcome", token: nil, json: ["token": .string(token)])
    }

    @Test func `the link gives a key that works, once`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        let token = try await token(installation)
        let answer = try await redeem(installation, token)
        #expect(answer.status == 201)
        #expect(answer.headers[.cacheControl] == "no-store")
        let key = try #require(answer.json["api_key"]?.string)
        let record = try await installation.send(.get, "/v1/tenant", token: key)
        #expect(record.json["tenant_id"]?.string == tenant.id)
        let again = try await redeem(installation, token)
        #expect(again.status == 404)
        #expect(again.code == "link_not_valid")
    }

    @Test func `looking at the page uses nothing up, and shows it only to its own site`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        for _ in 0..<3 {
            let page = try await installation.send(.get, "/v1/welcome", token: nil)
            #expect(page.status == 200)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            #expect(page.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true)
        }
        #expect(try await redeem(installation, token).status == 201)
    }

    @Test func `a browser's form gets a page with the key`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        func post() async throws -> Answer {
            try await installation.send(
                .post, "/v1/welcome", token: nil, text: "token=\(token)", type: "application/x-www-form-urlencoded")
        }
        let page = try await post()
        #expect(page.status == 201)
        #expect(page.text.contains("<pre>sk_live_"))
        #expect(page.headers[.cacheControl] == "no-store")
        let again = try await post()
        #expect(again.status == 404)
        #expect(again.text.contains("No key here"))
        #expect(!again.text.contains("sk_live_"))
    }

    @Test func `of two who use a link at once, one gets a key`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        async let first = redeem(installation, token)
        async let second = redeem(installation, token)
        #expect(try await [first.status, second.status].sorted() == [201, 404])
    }

    @Test func `a lost answer is given again under the same idempotency key`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        func post() async throws -> Answer {
            try await installation.send(
                .post, "/v1/welcome", token: nil, json: ["token": .string(token)], headers: ["Idempotency-Key": "w1"])
        }
        let first = try await post()
        let second = try await post()
        #expect(first.status == 201)
        #expect(second.json["api_key"] == first.json["api_key"])
        #expect(second.headers[.idempotencyReplayed] == "true")
    }

    @Test func `a link ends after three days`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        installation.clock.advance(.seconds(3 * 86_400))
        #expect(try await redeem(installation, token).status == 404)
    }

    @Test func `a link of a deleted tenant gives nothing`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        let token = try await token(installation)
        _ = try await installation.send(.delete, "/v1/tenants/\(tenant.id)")
        #expect(try await redeem(installation, token).status == 404)
    }

    @Test(arguments: ["", "x", String(repeating: "a", count: 43), String(repeating: "ä", count: 43)])
    func `a made-up token gives nothing`(token: String) async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        #expect(try await redeem(installation, token).status == 404)
    }

    @Test func `no file of the database holds the token`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let token = try await token(installation)
        #expect(try installation.storedBytes().allSatisfy { $0.firstRange(of: Array(token.utf8)) == nil })
        _ = try await redeem(installation, token)
        #expect(try installation.storedBytes().allSatisfy { $0.firstRange(of: Array(token.utf8)) == nil })
    }

    @Test func `a mail that was sent again has a link of its own, and using one ends both`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        let first = try await token(installation)
        // The node died after the sending and before the note of it.
        let id = try #require(installation.mailer.sent.first?.id)
        _ = try await installation.database.write(.platform) { sql in
            try sql.execute("UPDATE mail_outbox SET sent_at = NULL WHERE id = $1", [.text(id.text)])
        }
        installation.clock.advance(.seconds(301))
        let second = try await token(installation)
        #expect(installation.mailer.sent.map(\.id) == [id, id])
        #expect(first != second)
        #expect(try await redeem(installation, first).status == 201)
        #expect(try await redeem(installation, second).status == 404)
    }
}

/// The outbox as several nodes work on it.
@Suite struct MailReconcilerTests {
    @Test func `of many nodes one sends a mail`() async throws {
        let installation = try Installation()
        for number in 0..<10 { _ = try await installation.makeTenant("tenant\(number)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask { try await MailReconciler(platform: installation.platform).reconcile() }
            }
            try await group.waitForAll()
        }
        #expect(installation.mailer.sent.count == 10)
        #expect(Set(installation.mailer.sent.map(\.id)).count == 10)
    }

    @Test func `what is refused for good is given up at once, and the operator sees it`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        installation.mailer.refuseForGood()
        let reconciler = MailReconciler(platform: installation.platform)
        try await reconciler.reconcile()
        installation.clock.advance(.seconds(90_000))
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.isEmpty)
        let status = try await installation.send(.get, "/v1/system/status")
        #expect(status.json["mail"] == ["waiting": 0, "dead": 1])
    }

    /// A node claims a mail and dies before it notes how the sending ended.
    private func abandonMail(_ installation: Installation) async throws {
        let now = installation.clock.now
        try await installation.database.write(.platform) { sql in
            let entry = try #require(try OutboxRepository(sql).due(at: now, limit: 1).first)
            #expect(try OutboxRepository(sql).claim(entry, until: now + .seconds(300), at: now))
        }
        installation.clock.advance(.seconds(301))
    }

    @Test func `a mail that may have arrived is not sent again until the operator says so`() async throws {
        let installation = try Installation()
        let tenant = try await installation.makeTenant()
        try await abandonMail(installation)
        let reconciler = MailReconciler(platform: installation.platform)
        try await reconciler.reconcile()
        installation.clock.advance(.seconds(90_000))
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.isEmpty)
        let list = try await installation.send(.get, "/v1/mail/dead-letters")
        let letter = try #require(list.json["data"]?.array?.first)
        #expect(letter["state"] == "uncertain")
        #expect(letter["tenant_id"] == .string(tenant.id))
        #expect(letter["to"] == "admin@acme.com")
        let id = try #require(letter["id"]?.string)
        #expect(try await installation.send(.post, "/v1/mail/dead-letters/\(id)/retry").status == 202)
        try await reconciler.reconcile()
        #expect(installation.mailer.sent.map(\.id.text) == [id])
        #expect(try await installation.send(.get, "/v1/mail/dead-letters").json["total"] == 0)
        #expect(try await installation.send(.post, "/v1/mail/dead-letters/\(id)/retry").status == 404)
    }

    @Test func `where a repeat delivers nothing more, a mail whose sender died is sent again`() async throws {
        let installation = try Installation()
        installation.mailer.recogniseRepeats()
        _ = try await installation.makeTenant()
        try await abandonMail(installation)
        try await MailReconciler(platform: installation.platform).reconcile()
        #expect(installation.mailer.sent.count == 1)
    }

    @Test func `what fails twenty times is given up`() async throws {
        let installation = try Installation()
        _ = try await installation.makeTenant()
        installation.mailer.failNext(100)
        let reconciler = MailReconciler(platform: installation.platform)
        for attempt in 1...20 {
            #expect(try await installation.send(.get, "/v1/system/status").json["mail"]?["waiting"] == 1, "\(attempt)")
            try await reconciler.reconcile()
            installation.clock.advance(.seconds(4 * 3600))
        }
        #expect(try await installation.send(.get, "/v1/system/status").json["mail"] == ["waiting": 0, "dead": 1])
    }
}

extension HTTPField.Name {
    fileprivate static let contentSecurityPolicy = Self("Content-Security-Policy")!
}
