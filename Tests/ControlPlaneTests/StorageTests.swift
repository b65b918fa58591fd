import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// What is counted as stored is what is stored.
@Suite struct StorageTests {
    private static let file = """
        openapi: 3.0.3
        info: {title: Shop, version: "1"}
        paths: {/a: {get: {responses: {"200": {description: ok}}}}}
        """

    private func importFile(_ customer: Customer, _ text: String = file) async throws -> Answer {
        try await customer.installation.send(
            .post, "/v1/workspaces/\(customer.workspace)/import", token: customer.key, text: text,
            type: "application/yaml")
    }

    private func stored(_ installation: Installation, _ tenant: TenantID) async throws -> [StoredObject] {
        try await installation.objects.list(prefix: "", tenant: tenant)
    }

    @Test func `an object that no row names goes after a day, and what a row names stays`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        let tenant = customer.tenant
        #expect(try await importFile(customer).status == 201)
        let kept = try await stored(installation, tenant)
        #expect(kept.count == 1)
        // What an import leaves that dies between storing and committing.
        try await installation.objects.put(
            [1, 2, 3], key: "workspaces/\(customer.workspace)/mocks/gone/text", tenant: tenant)
        let reconciler = StorageReconciler(platform: installation.platform)
        try await reconciler.reconcile()
        #expect(try await stored(installation, tenant).count == 2)
        installation.clock.advance(.seconds(86_401))
        try await reconciler.reconcile()
        #expect(try await stored(installation, tenant) == kept)
    }

    @Test func `what belongs to others than the rows is left alone`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        try await installation.objects.put([1], key: "assets/logo.png", tenant: customer.tenant)
        let stranger = try #require(TenantID("stranger00"))
        try await installation.objects.put([1], key: "workspaces/x/y", tenant: stranger)
        installation.clock.advance(.seconds(86_401))
        try await StorageReconciler(platform: installation.platform).reconcile()
        #expect(try await stored(installation, customer.tenant).map(\.key) == ["assets/logo.png"])
        #expect(try await stored(installation, stranger).count == 1)
    }

    @Test
    func `after any mix of imports, uploads, exports, failures and removals the count is the sum of what is there`()
        async throws
    {
        let installation = try Installation()
        let customer = try await Customer(installation)
        var generator = SystemRandomNumberGenerator()
        for round in 0..<30 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: _ = try await importFile(customer)
            case 1: _ = try await importFile(customer, Self.file + "\n# \(round)")
            case 2: _ = try await importFile(customer, Self.file.replacing("Shop", with: "Shop \(round)"))
            case 3: _ = try await customer.send(.post, "/workspaces/\(customer.workspace)/exports")
            // One name in four is taken, and that upload must leave nothing.
            case 4, 5:
                _ = try await customer.send(
                    .post, "/workspaces/\(customer.workspace)/assets?name=\(Int.random(in: 0..<4, using: &generator))",
                    text: String(repeating: "x", count: round * 1000), type: "text/plain")
            case 6:
                let kind = ["assets", "exports"].randomElement(using: &generator)!
                let list = try await customer.send(.get, "/workspaces/\(customer.workspace)/\(kind)")
                guard let id = list.json["data"]?.array?.randomElement(using: &generator)?["id"]?.string else {
                    continue
                }
                _ = try await customer.send(.delete, "/workspaces/\(customer.workspace)/\(kind)/\(id)")
            default:
                let mocks = try await installation.send(
                    .get, "/v1/workspaces/\(customer.workspace)/mocks", token: customer.key)
                guard let id = mocks.json["data"]?.array?.randomElement(using: &generator)?["id"]?.string else {
                    continue
                }
                _ = try await installation.send(
                    .delete, "/v1/workspaces/\(customer.workspace)/mocks/\(id)", token: customer.key)
            }
        }
        let objects = try await stored(installation, customer.tenant)
        let named = try await installation.database.read(.tenant(customer.tenant), StoredObjects.named)
        #expect(Set(objects.map(\.key)) == named)
        let exact = try await installation.database.size(of: customer.tenant) + objects.reduce(0) { $0 + $1.size }
        let usage = try await installation.send(.get, "/v1/usage", token: customer.key)
        #expect(usage.json["quotas"]?["max_storage_mb"]?["used"] == JSON((exact + (1 << 20) - 1) >> 20))
    }
}
