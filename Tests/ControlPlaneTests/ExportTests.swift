import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// Exports that are kept as files.
@Suite struct ExportTests {
    private func collection(_ customer: Customer) -> String { "/workspaces/\(customer.workspace)/exports" }

    private func stored(_ customer: Customer) async throws -> [String] {
        try await customer.installation.objects.list(prefix: "", tenant: customer.tenant).map(\.key)
    }

    @Test func `a kept export is the export as it was when it was made`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.importText()
        let mock = try await customer.makeMock("By hand")
        _ = try await customer.makeRoute(in: mock)
        let now = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        let made = try await customer.send(.post, collection(customer))
        #expect(made.status == 201)
        #expect(made.headers[.location] == "/api/v1\(collection(customer))/\(made.json["id"]?.string ?? "")")
        _ = try await customer.send(.delete, "/workspaces/\(customer.workspace)/mocks/\(mock)")

        let url = try #require(made.json["url"]?.string)
        let file = try await customer.installation.send(.get, url, token: customer.key)
        #expect(file.json == now.json)
        #expect(file.json["mocks"]?.array?.count == 2)
        #expect(made.json["bytes"] == JSON(file.text.utf8.count))
        #expect(file.headers[HTTPField.Name("Content-Disposition")!]?.hasPrefix("attachment") == true)
        let list = try await customer.send(.get, collection(customer))
        #expect(list.json["data"] == [made.json])
        #expect(
            try await customer.send(.get, collection(customer) + "/" + (made.json["id"]?.string ?? "")).json
                == made.json)
    }

    @Test func `deleting an export removes its file`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.send(.post, collection(customer))
        #expect(try await stored(customer).count == 1)
        let path = "\(collection(customer))/\(try #require(made.json["id"]?.string))"
        #expect(try await customer.send(.delete, path).status == 204)
        #expect(try await customer.send(.get, path).status == 404)
        #expect(try await stored(customer).isEmpty)
    }

    @Test func `an export goes after seven days, and its file with it`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.send(.post, collection(customer))
        let reconciler = StorageReconciler(platform: customer.installation.platform)
        customer.installation.clock.advance(ExportRecord.retention)
        try await reconciler.reconcile()
        #expect(try await stored(customer).count == 1)
        customer.installation.clock.advance(.seconds(1))
        try await reconciler.reconcile()
        #expect(try await stored(customer).isEmpty)
        let path = "\(collection(customer))/\(try #require(made.json["id"]?.string))"
        #expect(try await customer.send(.get, path).status == 404)
    }

    @Test func `without the permission nothing is made and nothing is downloaded`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.send(.post, collection(customer))
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["permissions": ["can_export_data": false]])
        #expect(try await customer.send(.post, collection(customer)).code == "permission_missing")
        let path = "\(collection(customer))/\(try #require(made.json["id"]?.string))/file"
        #expect(try await customer.send(.get, path).code == "permission_missing")
        #expect(try await stored(customer).count == 1)
    }

    @Test func `a repeated request makes one export`() async throws {
        let customer = try await Customer(try Installation())
        let first = try await customer.send(.post, collection(customer), headers: ["Idempotency-Key": "one"])
        let second = try await customer.send(.post, collection(customer), headers: ["Idempotency-Key": "one"])
        #expect(first.json == second.json)
        #expect(try await stored(customer).count == 1)
    }
}
