import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// Backups that the API is asked for.
@Suite struct BackupEndpointTests {
    /// The operation as it ends.
    private func end(of started: Answer, _ installation: Installation) async throws -> JSON {
        #expect(started.status == 202, "\(started.text)")
        let path = try #require(started.headers[.location])
        for _ in 0..<600 {
            let operation = try await installation.send(.get, path).json
            if operation["state"] != "running" { return operation }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw UnexpectedAnswer(answer: started)
    }

    private func backup(_ installation: Installation) async throws -> String {
        let operation = try await end(of: try await installation.send(.post, "/v1/backups"), installation)
        #expect(operation["state"] == "done", "\(operation)")
        return try #require(operation["result"]?["id"]?.string)
    }

    @Test func `a backup is made, listed, shown and found intact`() async throws {
        let installation = try Installation()
        _ = try await Customer(installation)
        let id = try await backup(installation)
        let shown = try await installation.send(.get, "/v1/backups/\(id)")
        #expect(shown.json["complete"] == true)
        #expect(shown.json["of"] == "everything")
        #expect(try await installation.send(.get, "/v1/backups").json["data"] == [shown.json])
        let checked = try await end(of: try await installation.send(.post, "/v1/backups/\(id)/verify"), installation)
        #expect(checked["result"]?["intact"] == true)
        #expect(checked["progress"]?["count"] == 2)
        let operations = try await installation.send(.get, "/v1/backups/operations")
        #expect(Set(operations.json["data"]?.array?.compactMap { $0["kind"]?.string } ?? []) == ["create", "verify"])
    }

    @Test func `a damaged archive is found`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        let id = try await backup(installation)
        for tenant in try await installation.shelf.tenants() {
            for object in try await installation.shelf.list(prefix: id, tenant: tenant)
            where object.key.contains(customer.tenant.text) {
                var bytes = try #require(try await installation.shelf.get(key: object.key, tenant: tenant))
                bytes[bytes.count / 2] ^= 1
                try await installation.shelf.put(bytes, key: object.key, tenant: tenant)
            }
        }
        let checked = try await end(of: try await installation.send(.post, "/v1/backups/\(id)/verify"), installation)
        #expect(checked["result"]?["intact"] == false)
        #expect(checked["result"]?["findings"]?.array?.first?.string?.contains(customer.tenant.text) == true)
    }

    @Test func `a tenant comes back with its assets and routes, in its place and as a new one`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        let asset = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/assets?name=logo", text: "logo!", type: "text/plain")
        let mock = try await customer.makeMock()
        _ = try await customer.makeRoute(
            in: mock, ["method": "GET", "path": "/logo", "responses": [["body_asset": "logo"]]])
        let id = try await backup(installation)
        _ = try await customer.send(.delete, "/workspaces/\(customer.workspace)/mocks/\(mock)")
        let path = "/workspaces/\(customer.workspace)/assets/\(asset.json["id"]?.string ?? "")"
        #expect(try await customer.send(.delete, path).status == 204)

        let body: JSON = ["tenant_id": .string(customer.tenant.text), "replace": true]
        let restored = try await end(
            of: try await installation.send(.post, "/v1/backups/\(id)/restore", json: body), installation)
        #expect(restored["state"] == "done", "\(restored)")
        #expect(try await customer.send(.get, path).text == "logo!")
        #expect(try await customer.send(.get, "/mocks/\(mock)/routes").json["data"]?.array?.count == 1)

        let copying = try await installation.send(
            .post, "/v1/backups/\(id)/restore",
            json: ["tenant_id": .string(customer.tenant.text), "to_new_tenant": true, "subdomain": "acme-copy"])
        let key = try #require(copying.json["api_key"]?.string)
        let copied = try await end(of: copying, installation)
        #expect(copied["state"] == "done", "\(copied)")
        #expect(copied["api_key"] == nil)
        let file = try await installation.send(.get, "/v1" + path, token: key)
        #expect(file.text == "logo!")
        #expect(try await installation.send(.get, "/v1/tenant", token: key).json["subdomain"] == "acme-copy")
    }

    @Test func `a restore into a tenant that is there fails and says why`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        let id = try await backup(installation)
        let operation = try await end(
            of: try await installation.send(
                .post, "/v1/backups/\(id)/restore", json: ["tenant_id": .string(customer.tenant.text)]), installation)
        #expect(operation["state"] == "failed")
        #expect(operation["error"]?.string?.contains("is there") == true)
        #expect(try await customer.send(.get, "/workspaces").status == 200)
    }

    @Test func `one operation goes on at a time, and one whose node died holds up for a minute`() async throws {
        let installation = try Installation()
        let now = installation.clock.now
        let record = BackupOperationRecord(
            id: BackupOperationID(from: .system), document: ["kind": "create", "state": "running"], startedAt: now,
            updatedAt: now)
        try await installation.database.write(.platform) { try BackupWork.begin(record, $0, at: now) }
        let second = try await installation.send(.post, "/v1/backups")
        #expect(second.code == "backup_in_progress")
        installation.clock.advance(.seconds(61))
        let shown = try await installation.send(.get, "/v1/backups/operations/\(record.id)")
        #expect(shown.json["state"] == "failed")
        _ = try await backup(installation)
    }

    @Test func `what is wrong with a restore is listed, and nothing is begun`() async throws {
        let installation = try Installation()
        _ = try await Customer(installation)
        let id = try await backup(installation)
        let answer = try await installation.send(
            .post, "/v1/backups/\(id)/restore", json: ["tenant_id": "?", "subdomain": "api", "speed": 9])
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["/tenant_id", "/subdomain", "/speed"])
        let unknown = try await installation.send(
            .post, "/v1/backups/\(id)/restore", json: ["tenant_id": "a000000000"])
        #expect(unknown.pointers == ["/tenant_id"])
        #expect(try await installation.send(.get, "/v1/backups/operations").json["total"] == 1)
    }

    @Test func `a repeated request begins one operation`() async throws {
        let installation = try Installation()
        let first = try await installation.send(.post, "/v1/backups", headers: ["Idempotency-Key": "one"])
        _ = try await end(of: first, installation)
        let second = try await installation.send(.post, "/v1/backups", headers: ["Idempotency-Key": "one"])
        #expect(second.json["id"] == first.json["id"])
        #expect(try await installation.send(.get, "/v1/backups").json["total"] == 1)
    }
}
