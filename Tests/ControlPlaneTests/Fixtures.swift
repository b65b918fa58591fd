import Domain
import Foundation
import HTTPTypes
import JSON
import Persistence

@testable import ControlPlane

/// A tenant with what its key can reach, for tests of the tenant's own endpoints.
struct Customer: Sendable {
    let installation: Installation
    let tenant: TenantID
    let key: String
    let subdomain: String
    /// The default workspace.
    let workspace: WorkspaceID

    init(_ installation: Installation, _ subdomain: String = "acme-corp", plan: String = "professional") async throws {
        self.installation = installation
        let made = try await installation.makeTenant(subdomain, plan: plan)
        guard let tenant = TenantID(made.id),
            let home = try await installation.database.read(
                .tenant(tenant), { sql in try WorkspaceRepository(sql).findDefault() })
        else { throw UnexpectedAnswer(answer: try await installation.send(.get, "/v1/tenants/\(made.id)")) }
        (self.tenant, key, workspace) = (tenant, made.key, home.id)
        self.subdomain = subdomain
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, json: JSON? = nil, text: String? = nil,
        type: String = "application/json", headers: [String: String] = [:]
    ) async throws -> Answer {
        try await installation.send(
            method, "/v1" + path, token: key, json: json, text: text, type: type, headers: headers)
    }

    func makeMock(_ name: String = "Users", in workspace: WorkspaceID? = nil) async throws -> String {
        let path = "/workspaces/\(workspace ?? self.workspace)/mocks"
        return try id(of: try await send(.post, path, json: ["name": .string(name)]))
    }

    func makeMember(_ email: String, role: String = "viewer") async throws -> (id: String, answer: Answer) {
        let answer = try await send(.post, "/members", json: ["email": .string(email), "role": .string(role)])
        return (try id(of: answer), answer)
    }

    /// The code of a fresh sign-in link, as the member finds it in the mail.
    func signInCode(_ email: String) async throws -> String {
        let answer = try await installation.send(
            .post, "/v1/sign-in", token: nil, json: ["email": .string(email), "subdomain": .string(subdomain)])
        guard answer.status == 202 else { throw UnexpectedAnswer(answer: answer) }
        try await SignInReconciler(platform: installation.platform).reconcile()
        try await MailReconciler(platform: installation.platform).reconcile()
        let mark = "http://api.localhost:8080/v1/sessions#"
        guard let mail = installation.mailer.sent.last(where: { $0.to == email && $0.subject.hasPrefix("Sign in") }),
            let start = mail.text.range(of: mark)?.upperBound
        else { throw UnexpectedAnswer(answer: answer) }
        return String(mail.text[start...].prefix { !$0.isNewline })
    }

    func redeem(_ code: String, headers: [String: String] = [:]) async throws -> Answer {
        try await installation.send(
            .post, "/v1/sessions", token: nil, json: ["token": .string(code)], headers: headers)
    }

    /// A new member's session token.
    func signIn(role: String, email: String? = nil) async throws -> (id: String, token: String) {
        let email = email ?? "the-\(role)@acme.com"
        let id = try await makeMember(email, role: role).id
        let answer = try await redeem(try await signInCode(email))
        guard let token = answer.json["session_token"]?.string else { throw UnexpectedAnswer(answer: answer) }
        return (id, token)
    }

    func makeRoute(in mock: String, _ body: JSON = Self.route) async throws -> String {
        try id(of: try await send(.post, "/mocks/\(mock)/routes", json: body))
    }

    static let route: JSON = [
        "method": "GET", "path": "/users/{id}", "responses": [["status": 200, "body": ["a": 1]]],
    ]

    func importText(_ text: String = Description.text(), query: String = "") async throws -> Answer {
        try await send(.post, "/workspaces/\(workspace)/import\(query)", text: text, type: "application/yaml")
    }

    private func id(of answer: Answer) throws -> String {
        guard answer.status == 201, let id = answer.json["id"]?.string else { throw UnexpectedAnswer(answer: answer) }
        return id
    }
}

/// A small OpenAPI file.
enum Description {
    static func text(title: String = "Pets", paths: [String] = ["/pets", "/owners"], reply: String = "Rex") -> String {
        """
        openapi: 3.0.3
        info: {title: \(title), version: 1.2.0}
        servers: [{url: "https://example.com/api/v2"}]
        paths:
        \(paths.map { """
              \($0):
                get:
                  responses:
                    '200':
                      description: Fine
                      content: {application/json: {example: {name: \(reply)}}}
            """ }.joined(separator: "\n"))
        """
    }
}

extension JournalEntry {
    static func sample(
        _ number: Int, method: String = "GET", path: String = "/users/1", status: Int = 200, matched: Bool = true,
        body: String = "", at: Timestamp = Timestamp(seconds: 1_800_000_000)
    ) -> JournalEntry {
        let digits = String(number)
        let id = String(repeating: "0", count: 16 - digits.count) + digits
        return JournalEntry(
            id: JournalID("req_" + id)!, receivedAt: at, method: method, host: "acme-corp.localhost", path: path,
            query: nil, headers: [(name: "X-Test", value: "yes")], body: body, isBodyTruncated: false, status: status,
            mockID: matched ? MockID("mock_0000000000000001") : nil,
            routeID: matched ? RouteID("route_0000000000000001") : nil, durationMicroseconds: 1500)
    }
}
