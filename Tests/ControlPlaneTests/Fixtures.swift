import Domain
import HTTPTypes
import JSON
import Persistence

@testable import ControlPlane

/// A tenant with what its key can reach, for tests of the tenant's own endpoints.
struct Customer: Sendable {
    let installation: Installation
    let tenant: TenantID
    let key: String
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
