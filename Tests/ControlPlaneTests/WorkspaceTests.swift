import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

struct WorkspaceTests {
    @Test func `a new workspace has the fields of the contract, a slug of its name and complete settings`() async throws
    {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(.post, "/workspaces", json: ["name": "Staging (EU)"])
        #expect(answer.status == 201)
        #expect(
            answer.json.object?.keys == [
                "id", "slug", "name", "description", "is_default", "settings", "created_at", "updated_at",
            ])
        #expect(answer.json["slug"] == "staging-eu")
        #expect(answer.json["is_default"] == false)
        #expect(answer.json["settings"]?["validation"] == "off")
        #expect(answer.json["settings"]?["cors"]?["enabled"] == true)
        let id = try #require(answer.json["id"]?.string)
        #expect(answer.headers[.location] == "/api/v1/workspaces/\(id)")
        let shown = try await customer.send(.get, "/workspaces/\(id)")
        #expect(shown.json == answer.json)
        #expect(shown.headers[.eTag] == answer.headers[.eTag])
    }

    @Test func `every violation of a new workspace is listed`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(
            .post, "/workspaces",
            json: [
                "name": " ", "slug": "No Slug", "colour": "red", "settings": ["validation": "loud", "near_miss": "no"],
            ])
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers) == ["/colour", "/name", "/slug", "/settings/validation", "/settings/near_miss"])
    }

    @Test func `a taken slug is a conflict that says so`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(.post, "/workspaces", json: ["name": "Another", "slug": "default"])
        #expect(answer.status == 409)
        #expect(answer.code == "slug_taken")
        #expect(answer.pointers == ["/slug"])
    }

    @Test func `a patch merges settings, and null sets one back to its default`() async throws {
        let customer = try await Customer(try Installation())
        let path = "/workspaces/\(customer.workspace)"
        let settings: JSON = ["validation": "enforce", "near_miss": false, "cors": ["max_age": 5]]
        _ = try await customer.send(.patch, path, json: ["settings": settings, "description": "For tests"])
        let answer = try await customer.send(.patch, path, json: ["settings": ["validation": nil], "description": nil])
        #expect(answer.status == 200)
        #expect(answer.json["settings"]?["validation"] == "off")
        #expect(answer.json["settings"]?["near_miss"] == false)
        #expect(answer.json["settings"]?["cors"]?["max_age"] == 5)
        #expect(answer.json["description"] == "")
    }

    @Test func `a change with an old ETag is refused and changes nothing`() async throws {
        let customer = try await Customer(try Installation())
        let path = "/workspaces/\(customer.workspace)"
        let tag = try #require(try await customer.send(.get, path).headers[.eTag])
        let first = try await customer.send(.patch, path, json: ["name": "One"], headers: ["If-Match": tag])
        #expect(first.status == 200)
        let second = try await customer.send(.patch, path, json: ["name": "Two"], headers: ["If-Match": tag])
        #expect(second.status == 412)
        #expect(second.code == "version_mismatch")
        #expect(try await customer.send(.get, path).json["name"] == "One")
    }

    @Test func `the default workspace cannot be deleted`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(.delete, "/workspaces/\(customer.workspace)")
        #expect(answer.status == 409)
        #expect(answer.code == "default_workspace")
    }

    @Test func `a deleted workspace takes its mocks, texts and journal with it`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.send(.post, "/workspaces", json: ["name": "Staging"])
        let id = try #require(made.json["id"]?.string.flatMap { WorkspaceID($0) })
        let report = try await customer.send(
            .post, "/workspaces/\(id)/import", text: Description.text(), type: "application/yaml")
        let mock = try #require(report.json["mock_id"]?.string)
        let installation = customer.installation
        installation.journal.append(.sample(1), tenant: customer.tenant, workspace: id)
        #expect(try await installation.objects.list(prefix: "workspaces/\(id)", tenant: customer.tenant).count == 1)
        #expect(try await customer.send(.delete, "/workspaces/\(id)").status == 204)
        #expect(try await customer.send(.get, "/mocks/\(mock)/routes").status == 404)
        #expect(try await installation.objects.list(prefix: "workspaces/\(id)", tenant: customer.tenant).isEmpty)
        let left = try await installation.journal.entries(
            tenant: customer.tenant, workspace: id, before: nil, limit: 10, where: { _ in true })
        #expect(left.isEmpty)
    }

    @Test func `one workspace over the plan is refused with the limit and the plan that helps`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        _ = try await customer.send(.post, "/workspaces", json: ["name": "Second"])
        let answer = try await customer.send(.post, "/workspaces", json: ["name": "Third"])
        #expect(answer.status == 403)
        #expect(answer.code == "quota_exceeded")
        #expect(answer.json["quota"] == "max_workspaces")
        #expect(answer.json["limit"] == 2)
        #expect(answer.json["current"] == 2)
        #expect(answer.json["allowed_by_plan"] == "professional")
    }

    @Test func `a repeated creation with one idempotency key makes one workspace`() async throws {
        let customer = try await Customer(try Installation())
        let headers = ["Idempotency-Key": "make-staging-1"]
        let first = try await customer.send(.post, "/workspaces", json: ["name": "Staging"], headers: headers)
        let second = try await customer.send(.post, "/workspaces", json: ["name": "Staging"], headers: headers)
        #expect(second.status == 201)
        #expect(second.json == first.json)
        #expect(second.headers[.idempotencyReplayed] == "true")
    }
}
