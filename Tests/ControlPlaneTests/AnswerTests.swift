import Domain
import HTTPTypes
import JSON
import MockEngine
import Persistence
import Testing

@testable import ControlPlane

/// Holds what is really answered against the schemas of `openapi/management.yaml`.
struct AnswerTests {
    private let document: JSON
    private let schemas: SchemaSet

    init() throws {
        document = try OpenAPIDescription.json.get()
        schemas = SchemaSet(document: document, dialect: .draft2020)
    }

    /// Follows a reference within the document.
    private func resolved(_ json: JSON?) throws -> JSON {
        guard let reference = json?["$ref"]?.string else { return try #require(json) }
        let names = reference.split(separator: "/").dropFirst().map(String.init)
        return try #require(document[JSONPointer(names)], "\(reference) leads nowhere")
    }

    @Test func `what a tenant's endpoints answer satisfies the schemas of the description`() async throws {
        let customer = try await Customer(try Installation())
        let workspace = "/workspaces/\(customer.workspace)"
        let report = try await customer.importText()
        let imported = try #require(report.json["mock_id"]?.string)
        let mock = try await customer.makeMock()
        let route = try await customer.makeRoute(
            in: mock,
            [
                "method": ["GET", "POST"], "path": "/a/{b}", "match": ["headers": ["x": ["not": ["equals": "1"]]]],
                "responses": [["headers": ["X-A": ["1", "2"]], "body": "text", "delay": ["ms": 5], "weight": 2]],
            ])
        customer.installation.journal.append(.sample(1), tenant: customer.tenant, workspace: customer.workspace)
        let asset = try await customer.send(.post, workspace + "/assets?name=a", text: "a", type: "text/plain")
        try check(.post, "/workspaces/{workspace_id}/assets", asset)
        let verification: JSON = ["expected": ["at_least": 1]]
        let calls: [(HTTPRequest.Method, String, String, JSON?)] = [
            (.get, "/workspaces", "/workspaces", nil), (.post, "/workspaces", "/workspaces", ["name": "Staging"]),
            (.get, "/workspaces/{workspace_id}", workspace, nil),
            (.patch, "/workspaces/{workspace_id}", workspace, ["description": "New"]),
            (.get, "/workspaces/{workspace_id}/mocks", workspace + "/mocks", nil),
            (.post, "/workspaces/{workspace_id}/mocks", workspace + "/mocks", ["name": "Third"]),
            (.get, "/workspaces/{workspace_id}/mocks/{mock_id}", workspace + "/mocks/\(imported)", nil),
            (.patch, "/workspaces/{workspace_id}/mocks/{mock_id}", workspace + "/mocks/\(mock)", ["enabled": false]),
            (.get, "/mocks/{mock_id}/routes", "/mocks/\(imported)/routes", nil),
            (.post, "/mocks/{mock_id}/routes", "/mocks/\(mock)/routes", Customer.route),
            (.get, "/mocks/{mock_id}/routes/{route_id}", "/mocks/\(mock)/routes/\(route)", nil),
            (.patch, "/mocks/{mock_id}/routes/{route_id}", "/mocks/\(mock)/routes/\(route)", ["priority": 3]),
            (.get, "/workspaces/{workspace_id}/export", workspace + "/export", nil),
            (.post, "/workspaces/{workspace_id}/exports", workspace + "/exports", nil),
            (.get, "/workspaces/{workspace_id}/exports", workspace + "/exports", nil),
            (.get, "/workspaces/{workspace_id}/assets", workspace + "/assets", nil),
            (.get, "/workspaces/{workspace_id}/requests", workspace + "/requests", nil),
            (.post, "/workspaces/{workspace_id}/requests/verify", workspace + "/requests/verify", verification),
            (.get, "/usage", "/usage", nil), (.get, "/tenant", "/tenant", nil), (.get, "/api-keys", "/api-keys", nil),
            (.get, "/audit-log", "/audit-log", nil),
        ]
        for (method, template, path, body) in calls {
            try check(method, template, try await customer.send(method, path, json: body))
        }
        try check(.post, "/workspaces/{workspace_id}/import", report)
        let dryRun = try await customer.importText(Description.text(paths: ["/cats"]), query: "?dry_run=true")
        try check(.post, "/workspaces/{workspace_id}/import", dryRun)
        let problem = try await customer.send(.post, "/workspaces", json: ["name": 1])
        try check(.post, "/workspaces", problem)
    }

    private func check(_ method: HTTPRequest.Method, _ template: String, _ answer: Answer) throws {
        let responses = document["paths"]?[template]?[method.rawValue.lowercased()]?["responses"]
        let described = responses?[String(answer.status)] ?? (answer.status < 400 ? nil : responses?["default"])
        let response = try resolved(described)
        let type = answer.headers[.contentType] ?? ""
        let schema = try schemas.compile(try #require(response["content"]?[type]?["schema"], "\(method) \(template)"))
        let violations = schema.validate(answer.json)
        #expect(violations.isEmpty, "\(method) \(template): \(violations)")
    }
}
