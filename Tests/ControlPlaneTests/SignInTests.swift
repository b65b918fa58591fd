import Domain
import Foundation
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// How a member gets a session.
@Suite struct SignInTests {
    @Test func `a mailed link signs a member in, and the session says who it is`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        let answer = try await customer.redeem(code)
        #expect(answer.status == 201)
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.json["tenant_id"]?.string == customer.tenant.text)
        #expect(answer.json["member"]?["status"] == "active")
        let token = try #require(answer.json["session_token"]?.string)
        #expect(token.hasPrefix("mfs_"))
        let session = try await customer.installation.send(.get, "/v1/session", token: token)
        #expect(session.status == 200)
        #expect(session.json["member"] == answer.json["member"])
        #expect(session.json["expires_at"] == answer.json["expires_at"])
        let member = try #require(try await customer.send(.get, "/members").json["data"]?[0])
        #expect(member == answer.json["member"])
        #expect(member["last_sign_in_at"] != .null)
    }

    @Test func `a new member is invited with a link that works for seven days`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.makeMember("jane@acme.com", role: "editor")
        try await MailReconciler(platform: customer.installation.platform).reconcile()
        let mail = try #require(customer.installation.mailer.sent.last { $0.to == "jane@acme.com" })
        #expect(mail.text.contains("editor"))
        let start = try #require(mail.text.range(of: "/v1/sessions#")).upperBound
        customer.installation.clock.advance(.seconds(7 * 86_400 - 1))
        #expect(try await customer.redeem(String(mail.text[start...].prefix { !$0.isNewline })).status == 201)
    }

    @Test func `of two who use a link at once, one is signed in`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        async let first = customer.redeem(code)
        async let second = customer.redeem(code)
        #expect(try await [first.status, second.status].sorted() == [201, 404])
        #expect(try await customer.redeem(code).code == "link_not_valid")
    }

    @Test func `using one link ends the member's others`() async throws {
        let customer = try await Customer(try Installation())
        let codes = [
            try await customer.signInCode("admin@acme.com"), try await customer.signInCode("admin@acme.com"),
        ]
        #expect(codes[0] != codes[1])
        #expect(try await customer.redeem(codes[0]).status == 201)
        #expect(try await customer.redeem(codes[1]).status == 404)
    }

    @Test func `a link ends after a quarter of an hour`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        customer.installation.clock.advance(.seconds(15 * 60))
        #expect(try await customer.redeem(code).status == 404)
    }

    @Test func `a removed member's link signs nobody in`() async throws {
        let customer = try await Customer(try Installation())
        let member = try await customer.makeMember("jane@acme.com")
        let code = try await customer.signInCode("jane@acme.com")
        _ = try await customer.send(.delete, "/members/\(member.id)")
        #expect(try await customer.redeem(code).status == 404)
    }

    @Test func `a welcome link is no sign-in link, nor the other way round`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        let welcome = try await customer.installation.send(
            .post, "/v1/welcome", token: nil, json: ["token": .string(code)])
        #expect(welcome.status == 404)
        let mail = try #require(customer.installation.mailer.sent.first { $0.text.contains("/welcome#") })
        let start = try #require(mail.text.range(of: "/welcome#")).upperBound
        #expect(try await customer.redeem(String(mail.text[start...].prefix { !$0.isNewline })).status == 404)
        #expect(try await customer.redeem(code).status == 201)
    }

    @Test func `the answer to a request is the same for members, strangers and tenants that are not there`()
        async throws
    {
        let customer = try await Customer(try Installation())
        let installation = customer.installation
        var answers: [Answer] = []
        for (email, subdomain) in [
            ("admin@acme.com", "acme-corp"), ("stranger@acme.com", "acme-corp"), ("admin@acme.com", "nobody"),
            ("admin@acme.com", "!"),
        ] {
            answers.append(
                try await installation.send(
                    .post, "/v1/sign-in", token: nil, json: ["email": .string(email), "subdomain": .string(subdomain)]))
        }
        #expect(answers.allSatisfy { $0.status == 202 && $0.text == answers[0].text })
        try await SignInReconciler(platform: installation.platform).reconcile()
        try await MailReconciler(platform: installation.platform).reconcile()
        #expect(installation.mailer.sent.filter { $0.subject.hasPrefix("Sign in") }.map(\.to) == ["admin@acme.com"])
        let waiting = try await installation.database.read(.platform) { try SignInRepository($0).requestCount() }
        #expect(waiting == 0)
    }

    @Test func `of several nodes one answers a request`() async throws {
        let customer = try await Customer(try Installation())
        let installation = customer.installation
        _ = try await installation.send(
            .post, "/v1/sign-in", token: nil, json: ["email": "admin@acme.com", "subdomain": "acme-corp"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask { try await SignInReconciler(platform: installation.platform).reconcile() }
            }
            try await group.waitForAll()
        }
        try await MailReconciler(platform: installation.platform).reconcile()
        #expect(installation.mailer.sent.filter { $0.subject.hasPrefix("Sign in") }.count == 1)
    }

    @Test func `a member gets five links an hour, and an address asks thirty times a minute`() async throws {
        let customer = try await Customer(try Installation())
        let installation = customer.installation
        func ask() async throws -> Int {
            try await installation.send(
                .post, "/v1/sign-in", token: nil, json: ["email": "admin@acme.com", "subdomain": "acme-corp"]
            ).status
        }
        for _ in 0..<30 { #expect(try await ask() == 202) }
        #expect(try await ask() == 429)
        try await SignInReconciler(platform: installation.platform).reconcile()
        try await MailReconciler(platform: installation.platform).reconcile()
        #expect(installation.mailer.sent.filter { $0.subject.hasPrefix("Sign in") }.count == 5)
        installation.clock.advance(.seconds(3601))
        _ = try await customer.signInCode("admin@acme.com")
        #expect(installation.mailer.sent.filter { $0.subject.hasPrefix("Sign in") }.count == 6)
    }

    @Test func `wrong fields of a request are all listed`() async throws {
        let answer = try await Installation().send(.post, "/v1/sign-in", token: nil, json: ["email": 3, "x": 1])
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["/email", "/subdomain", "/x"])
    }

    @Test func `looking at the pages uses nothing up, and a lost answer is given again under the same key`()
        async throws
    {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        for path in ["/v1/sessions", "/v1/sign-in"] {
            let page = try await customer.installation.send(.get, path, token: nil)
            #expect(page.status == 200)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        }
        let first = try await customer.redeem(code, headers: ["Idempotency-Key": "s-1"])
        let second = try await customer.redeem(code, headers: ["Idempotency-Key": "s-1"])
        #expect(second.headers[.idempotencyReplayed] == "true")
        #expect(second.json == first.json)
        let token = try #require(second.json["session_token"]?.string)
        #expect(try await customer.installation.send(.get, "/v1/session", token: token).status == 200)
    }

    @Test func `no file of the database holds a code or a session token`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        let answer = try await customer.redeem(code, headers: ["Idempotency-Key": "s-1"])
        let token = try #require(answer.json["session_token"]?.string)
        let stored = try customer.installation.storedBytes()
        for secret in [code, token] {
            #expect(stored.allSatisfy { $0.firstRange(of: Array(secret.utf8)) == nil })
        }
    }
}
