import Domain
import HTTPTypes
import JSON
import Testing

@testable import ControlPlane

struct QueryTests {
    private let installation: Installation

    init() throws { installation = try Installation() }

    @Test func `wrong values are listed beside unknown names`() async throws {
        let answer = try await installation.send(.get, "/v1/tenants?page=0&limit=1000&zzz=1")
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["query:page", "query:limit", "query:zzz"])
    }

    @Test func `every endpoint that takes parameters refuses an unknown one by name`() async throws {
        let customer = try await Customer(installation)
        let imported = try await customer.importText()
        let mock = try #require(imported.json["mock_id"]?.string)
        let endpoints = ControlPlane.endpoints().filter { !$0.query.isEmpty }
        #expect(endpoints.count >= 10)
        for endpoint in endpoints {
            let path = endpoint.path.text.replacing("{tenant_id}", with: customer.tenant.text)
                .replacing("{workspace_id}", with: customer.workspace.text).replacing("{mock_id}", with: mock)
            let asAdmin = if case .tenant = endpoint.handler { false } else { true }
            let answer =
                if endpoint.method == .post {
                    try await customer.importText(query: "?zzz=1")
                } else {
                    try await installation.send(
                        endpoint.method, "/v1" + path + "?zzz=1",
                        token: asAdmin ? Installation.adminToken : customer.key)
                }
            #expect(answer.status == 422, "\(endpoint.method) \(path)")
            #expect(answer.pointers == ["query:zzz"], "\(endpoint.method) \(path)")
        }
    }
}
