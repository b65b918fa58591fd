import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

struct MockTests {
    @Test func `a mock has the fields of the contract`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/mocks", json: ["name": "Users", "base_path": "/api//v1/"])
        #expect(answer.status == 201)
        #expect(
            answer.json.object?.keys == [
                "id", "workspace_id", "name", "base_path", "source", "enabled", "created_at", "updated_at",
            ])
        #expect(answer.json["base_path"] == "/api/v1")
        #expect(answer.json["source"]?.isNull == true)
        #expect(answer.json["enabled"] == true)
    }

    @Test(arguments: ["api", "/{id}", "/a/*", "/a?b=c", "/a#b", "/%zz"])
    func `a base path that is no plain path is refused`(path: String) async throws {
        let customer = try await Customer(try Installation())
        let answer = try await customer.send(
            .post, "/workspaces/\(customer.workspace)/mocks", json: ["name": "Users", "base_path": .string(path)])
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/base_path"])
    }

    @Test func `a mock of another workspace is not there`() async throws {
        let customer = try await Customer(try Installation())
        let other = try await customer.send(.post, "/workspaces", json: ["name": "Other"])
        let mock = try await customer.makeMock()
        let id = try #require(other.json["id"]?.string)
        #expect(try await customer.send(.get, "/workspaces/\(id)/mocks/\(mock)").status == 404)
        #expect(try await customer.send(.delete, "/workspaces/\(id)/mocks/\(mock)").status == 404)
        #expect(try await customer.send(.get, "/workspaces/\(customer.workspace)/mocks/\(mock)").status == 200)
    }

    @Test func `a change of a mock is announced`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let path = "/workspaces/\(customer.workspace)/mocks/\(mock)"
        let before = customer.installation.announcements.published.count
        let answer = try await customer.send(.patch, path, json: ["enabled": false, "base_path": "/v2"])
        #expect(answer.json["enabled"] == false)
        #expect(answer.json["base_path"] == "/v2")
        let published = customer.installation.announcements.published.dropFirst(before)
        #expect(Array(published) == [.mocksChanged(customer.tenant, customer.workspace)])
    }

    @Test func `the list of mocks pages by number and by cursor`() async throws {
        let customer = try await Customer(try Installation())
        for name in ["A", "B", "C"] {
            customer.installation.clock.advance(.seconds(1))
            _ = try await customer.makeMock(name)
        }
        let path = "/workspaces/\(customer.workspace)/mocks"
        let page = try await customer.send(.get, path + "?page=2&limit=2")
        #expect(page.json["total"] == 3)
        #expect(page.json["data"]?.array?.map { $0["name"] } == ["C"])
        let first = try await customer.send(.get, path + "?cursor=&limit=2")
        let cursor = try #require(first.json["next_cursor"]?.string)
        let second = try await customer.send(.get, path + "?cursor=\(cursor)&limit=2")
        #expect(second.json["data"]?.array?.map { $0["name"] } == ["C"])
        #expect(second.json["next_cursor"]?.isNull == true)
    }

    // MARK: - Routes

    @Test func `a route comes back complete with defaults`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let answer = try await customer.send(.post, "/mocks/\(mock)/routes", json: Customer.route)
        #expect(answer.status == 201)
        #expect(answer.json["mock_id"] == .string(mock))
        #expect(answer.json["priority"] == 0)
        #expect(answer.json["selection"] == "first_match")
        #expect(answer.json["responses"]?[0]?["body"] == ["a": 1])
        #expect(answer.json["operation"]?.isNull == true)
        let id = try #require(answer.json["id"]?.string)
        #expect(try await customer.send(.get, "/mocks/\(mock)/routes/\(id)").json == answer.json)
    }

    @Test func `every violation of a route is listed`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let answer = try await customer.send(
            .post, "/mocks/\(mock)/routes",
            json: [
                "path": "users", "priority": "high", "colour": 1,
                "match": ["query": ["q": ["matches": "("]]], "responses": [["status": 99]],
            ])
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers).isSuperset(of: ["/path", "/method", "/priority", "/colour", "/responses/0/status"]))
        #expect(answer.pointers.contains { $0.hasPrefix("/match/query/q") })
    }

    @Test func `a patch of a route changes the members it names and no others`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let route = try await customer.makeRoute(in: mock)
        let path = "/mocks/\(mock)/routes/\(route)"
        let answer = try await customer.send(
            .patch, path, json: ["priority": 7], type: "application/merge-patch+json")
        #expect(answer.status == 200)
        #expect(answer.json["priority"] == 7)
        #expect(answer.json["path"] == "/users/{id}")
        #expect(try await customer.send(.patch, path, json: ["path": nil]).pointers == ["/path"])
        #expect(try await customer.send(.patch, path, json: [1]).status == 422)
        #expect(try await customer.send(.get, path).json == answer.json)
    }

    @Test func `a route of another mock is not there`() async throws {
        let customer = try await Customer(try Installation())
        let (first, second) = (try await customer.makeMock("A"), try await customer.makeMock("B"))
        let route = try await customer.makeRoute(in: first)
        #expect(try await customer.send(.get, "/mocks/\(second)/routes/\(route)").status == 404)
        #expect(try await customer.send(.delete, "/mocks/\(second)/routes/\(route)").status == 404)
        #expect(try await customer.send(.delete, "/mocks/\(first)/routes/\(route)").status == 204)
        #expect(try await customer.send(.get, "/mocks/\(first)/routes/\(route)").status == 404)
    }

    @Test func `what passes the storage limit is refused`() async throws {
        let customer = try await Customer(try Installation(), plan: "free")
        let mock = try await customer.makeMock()
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": ["max_storage_mb": 0]])
        let answer = try await customer.send(.post, "/mocks/\(mock)/routes", json: Customer.route)
        #expect(answer.status == 403)
        #expect(answer.json["quota"] == "max_storage_mb")
    }
}
