import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// What a session opens, and until when.
@Suite struct SessionTests {
    private static let apiHost = "api.localhost:8080"
    private static let ownPage = ["Origin": "http://api.localhost:8080"]

    private func send(
        _ customer: Customer, _ method: HTTPRequest.Method, _ path: String, _ token: String, json: JSON? = nil
    ) async throws -> Answer {
        try await customer.installation.send(method, "/v1" + path, token: token, json: json)
    }

    @Test func `a session ends when nobody has used it for twelve hours`() async throws {
        let customer = try await Customer(try Installation())
        let token = try await customer.signIn(role: "viewer").token
        customer.installation.clock.advance(.seconds(12 * 3600 - 1))
        #expect(try await send(customer, .get, "/session", token).status == 200)
        customer.installation.clock.advance(.seconds(12 * 3600 - 1))
        #expect(try await send(customer, .get, "/session", token).status == 200)
        customer.installation.clock.advance(.seconds(12 * 3600))
        let ended = try await send(customer, .get, "/session", token)
        #expect(ended.status == 401)
        #expect(ended.code == "session_ended")
    }

    @Test func `a session ends after seven days, however often it is used`() async throws {
        let customer = try await Customer(try Installation())
        let token = try await customer.signIn(role: "viewer").token
        for _ in 1...14 {
            customer.installation.clock.advance(.seconds(12 * 3600 - 1))
            #expect(try await send(customer, .get, "/session", token).status == 200)
        }
        customer.installation.clock.advance(.seconds(20))
        #expect(try await send(customer, .get, "/session", token).status == 401)
    }

    @Test func `signing out ends this session and no other`() async throws {
        let customer = try await Customer(try Installation())
        let first = try await customer.signIn(role: "viewer", email: "jane@acme.com").token
        let answer = try await customer.redeem(try await customer.signInCode("jane@acme.com"))
        let second = try #require(answer.json["session_token"]?.string)
        let out = try await send(customer, .delete, "/session", first)
        #expect(out.status == 204)
        #expect(out.headers[.setCookie]?.contains("Max-Age=0") == true)
        #expect(try await send(customer, .get, "/session", first).status == 401)
        #expect(try await send(customer, .get, "/session", second).status == 200)
    }

    @Test func `a new role and a removal hold from the next request on`() async throws {
        let customer = try await Customer(try Installation())
        let member = try await customer.signIn(role: "viewer")
        let body: JSON = ["name": "Mine"]
        #expect(try await send(customer, .post, "/workspaces", member.token, json: body).status == 403)
        _ = try await customer.send(.patch, "/members/\(member.id)", json: ["role": "editor"])
        #expect(try await send(customer, .post, "/workspaces", member.token, json: body).status == 201)
        _ = try await customer.send(.patch, "/members/\(member.id)", json: ["role": "viewer"])
        #expect(try await send(customer, .post, "/workspaces", member.token, json: ["name": "B"]).status == 403)
        _ = try await customer.send(.delete, "/members/\(member.id)")
        #expect(try await send(customer, .get, "/workspaces", member.token).status == 401)
    }

    @Test func `a session of one tenant is worthless for another`() async throws {
        let installation = try Installation()
        let mine = try await Customer(installation, "mine")
        let other = try await Customer(installation, "other")
        let token = try await mine.signIn(role: "owner", email: "jane@acme.com").token
        _ = try await other.makeMember("jane@acme.com", role: "owner")
        let forged = token.replacing(mine.tenant.text, with: other.tenant.text)
        #expect(try await send(mine, .get, "/session", forged).status == 401)
        let foreign = try await send(mine, .get, "/workspaces/\(other.workspace)", token)
        #expect(foreign.status == 404)
        #expect(try await send(mine, .get, "/tenant", token).json["tenant_id"]?.string == mine.tenant.text)
    }

    @Test func `an admin hands out no owner's rights, by a member or by a key`() async throws {
        let customer = try await Customer(try Installation())
        let admin = try await customer.signIn(role: "admin")
        let members = try await customer.send(.get, "/members").json["data"]?.array ?? []
        let owner = try #require(members.first { $0["role"] == "owner" }?["id"]?.string)
        let keys = try #require(try await customer.send(.get, "/api-keys").json["data"]?[0]?["id"]?.string)
        let refused = [
            try await send(customer, .post, "/members", admin.token, json: ["email": "b@acme.com", "role": "owner"]),
            try await send(customer, .patch, "/members/\(admin.id)", admin.token, json: ["role": "owner"]),
            try await send(customer, .patch, "/members/\(owner)", admin.token, json: ["role": "viewer"]),
            try await send(customer, .delete, "/members/\(owner)", admin.token),
            try await send(customer, .post, "/api-keys", admin.token, json: ["name": "all", "scope": "admin"]),
            try await send(customer, .post, "/api-keys/\(keys)/rotate", admin.token),
        ]
        for answer in refused {
            #expect(answer.status == 403)
            #expect(answer.code == "insufficient_role")
        }
        let allowed = try await send(
            customer, .post, "/members", admin.token, json: ["email": "c@acme.com", "role": "admin"])
        #expect(allowed.status == 201)
        #expect(
            try await send(customer, .post, "/api-keys", admin.token, json: ["name": "some", "scope": "write"]).status
                == 201)
        let boss = try await customer.signIn(role: "owner", email: "boss@acme.com")
        #expect(
            try await send(customer, .post, "/api-keys", boss.token, json: ["name": "all", "scope": "admin"]).status
                == 201)
    }

    @Test func `the audit log names the member`() async throws {
        let customer = try await Customer(try Installation())
        let editor = try await customer.signIn(role: "editor")
        _ = try await send(customer, .post, "/workspaces", editor.token, json: ["name": "Mine"])
        let log = try await customer.send(.get, "/audit-log?actor=member:\(editor.id)")
        #expect(log.json["data"]?.array?.map { $0["action"] } == ["workspace.create"])
        let signIns = try await customer.send(.get, "/audit-log?action=session.create")
        #expect(signIns.json["data"]?[0]?["target"]?.string == editor.id)
    }

    @Test func `members of a suspended tenant read their account, and those of a deleted one nothing`() async throws {
        let customer = try await Customer(try Installation())
        let token = try await customer.signIn(role: "owner", email: "jane@acme.com").token
        let path = "/v1/tenants/\(customer.tenant)"
        _ = try await customer.installation.send(.patch, path, json: ["status": "suspended"])
        #expect(try await send(customer, .get, "/tenant", token).status == 200)
        #expect(try await send(customer, .get, "/session", token).status == 200)
        #expect(try await send(customer, .get, "/workspaces", token).code == "tenant_suspended")
        _ = try await customer.installation.send(.delete, path)
        #expect(try await send(customer, .get, "/tenant", token).status == 401)
    }

    @Test func `a key has no session`() async throws {
        let customer = try await Customer(try Installation())
        #expect(try await customer.send(.get, "/session").code == "no_session")
        #expect(try await customer.send(.delete, "/session").code == "no_session")
    }

    // MARK: - A browser

    private func cookie(_ token: String) -> String { "a=b; mockforge_session=\(token)" }

    private func browse(
        _ customer: Customer, _ method: HTTPRequest.Method, _ path: String, cookie: String, json: JSON? = nil,
        headers: [String: String] = [:], host: String = apiHost
    ) async throws -> Answer {
        try await customer.installation.send(
            method, "/v1" + path, token: nil, json: json, headers: headers.merging(["Cookie": cookie]) { $1 },
            host: host)
    }

    @Test func `the page's form sets a cookie that no script reads, and the cookie signs in`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        let page = try await customer.installation.send(
            .post, "/v1/sessions", token: nil, text: "token=\(code)", type: "application/x-www-form-urlencoded",
            headers: Self.ownPage, host: Self.apiHost)
        #expect(page.status == 201)
        #expect(!page.text.contains("mfs_"))
        let header = try #require(page.headers[.setCookie])
        let parts = header.split(separator: "; ").map(String.init)
        #expect(Set(parts.dropFirst()) == ["Path=/", "Max-Age=604800", "HttpOnly", "SameSite=Lax"])
        let session = try await browse(customer, .get, "/session", cookie: parts[0])
        #expect(session.json["member"]?["email"] == "admin@acme.com")
    }

    @Test func `a form that another site's page sent signs nobody in and uses nothing up`() async throws {
        let customer = try await Customer(try Installation())
        let code = try await customer.signInCode("admin@acme.com")
        for (origin, host) in [
            ("http://evil.example", Self.apiHost), ("http://acme-corp.localhost:8080", Self.apiHost),
            ("null", Self.apiHost), ("http://localhost:8080", "localhost:8080"),
        ] {
            let answer = try await customer.installation.send(
                .post, "/v1/sessions", token: nil, text: "token=\(code)", type: "application/x-www-form-urlencoded",
                headers: ["Origin": origin], host: host)
            #expect(answer.status == 403)
            #expect(answer.headers[.setCookie] == nil)
        }
        #expect(try await customer.redeem(code).status == 201)
    }

    @Test func `with a cookie only a page of the API itself can change anything`() async throws {
        let customer = try await Customer(try Installation())
        let cookie = cookie(try await customer.signIn(role: "editor").token)
        let body: JSON = ["name": "Mine"]
        for headers in [
            [:], ["Origin": "null"], ["Origin": "http://evil.example"],
            ["Origin": "http://acme-corp.localhost:8080"], ["Origin": "http://localhost:8080"],
            ["Origin": "https://api.localhost:8080"],
        ] {
            let answer = try await browse(
                customer, .post, "/workspaces", cookie: cookie, json: body, headers: headers)
            #expect(answer.status == 403)
            #expect(answer.code == "cross_site_request")
        }
        let own = try await browse(
            customer, .post, "/workspaces", cookie: cookie, json: body, headers: Self.ownPage)
        #expect(own.status == 201)
    }

    @Test func `where mocks answer a cookie is worth nothing, and none is set`() async throws {
        let customer = try await Customer(try Installation())
        let token = try await customer.signIn(role: "owner", email: "jane@acme.com").token
        for host in ["localhost:8080", "acme-corp.localhost:8080", "api.localhost:8080.evil.example", "127.0.0.1:8080"]
        {
            let answer = try await browse(customer, .get, "/workspaces", cookie: cookie(token), host: host)
            #expect(answer.status == 401, "\(host)")
        }
        let code = try await customer.signInCode("admin@acme.com")
        #expect(try await customer.redeem(code).headers[.setCookie] == nil)
    }

    @Test func `a cookie holds sessions only, neither the operator's token nor a key`() async throws {
        let customer = try await Customer(try Installation())
        for credential in [Installation.adminToken, customer.key] {
            let answer = try await browse(customer, .get, "/tenant", cookie: cookie(credential))
            #expect(answer.code == "unauthenticated")
        }
    }

    @Test func `over TLS the cookie is bound to its host and never sent in the clear`() throws {
        let addresses = PublicAddresses(scheme: "https", baseDomain: "example.com", port: 443)
        let token = SessionToken(of: try #require(TenantID("acme000001")), from: .system)
        let head = HTTPRequest(method: .get, scheme: nil, authority: "api.example.com", path: "/")
        let header = try #require(SessionCookie(addresses).setting(token, for: head))
        #expect(header.value.hasPrefix("__Host-mockforge_session=mfs_"))
        #expect(header.value.hasSuffix("; Secure"))
        #expect(!header.value.contains("Domain"))
    }
}
