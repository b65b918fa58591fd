import Domain
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// Routes whose definition is too large for a row.
@Suite struct LargeRouteTests {
    private static func route(_ fill: Character = "x", _ size: Int = 100_000, path: String = "/big") -> JSON {
        [
            "method": "GET", "path": .string(path),
            "responses": [["status": 200, "body": .string(String(repeating: fill, count: size))]],
        ]
    }

    private func objects(_ customer: Customer) async throws -> [StoredObject] {
        try await customer.installation.objects.list(prefix: "", tenant: customer.tenant)
    }

    @Test func `a large body is in the object store, and the API shows it as any other`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let created = try await customer.send(.post, "/mocks/\(mock)/routes", json: Self.route())
        #expect(created.status == 201)
        let id = try #require(created.json["id"]?.string)
        #expect(created.json["responses"]?.array?[0]["body"]?.string?.utf8.count == 100_000)
        #expect(created.json[LargeDocuments.member] == nil)
        #expect(try await objects(customer).count == 1)
        let held = try await customer.installation.database.read(.tenant(customer.tenant)) { sql in
            try RouteRepository(sql).notes()
        }
        #expect(held.count == 1)
        #expect(held.allSatisfy { $0.bytes.count < 1000 })

        let shown = try await customer.send(.get, "/mocks/\(mock)/routes/\(id)")
        #expect(shown.json == created.json)
        #expect(shown.headers[.eTag] == created.headers[.eTag])
        _ = try await customer.makeRoute(in: mock)
        let list = try await customer.send(.get, "/mocks/\(mock)/routes")
        #expect(list.json["data"]?.array?.first == created.json)
        #expect(list.json["data"]?.array?.count == 2)
        let export = try await customer.send(.get, "/workspaces/\(customer.workspace)/export")
        let exported = export.json["mocks"]?.array?.first?["routes"]?.array?.first
        #expect(exported?["responses"] == created.json["responses"])
    }

    @Test func `a change moves a definition in and out, and leaves one object or none`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let made = try await customer.send(.post, "/mocks/\(mock)/routes", json: Self.route())
        let path = "/mocks/\(mock)/routes/\(try #require(made.json["id"]?.string))"
        let before = try await objects(customer)
        let renamed = try await customer.send(.patch, path, json: ["path": "/renamed"])
        #expect(renamed.status == 200)
        #expect(renamed.json["responses"] == made.json["responses"])
        #expect(renamed.json["path"] == "/renamed")
        let after = try await objects(customer)
        #expect(after.count == 1)
        #expect(after.map(\.key) != before.map(\.key))

        let small = try await customer.send(.patch, path, json: Self.route("y", 10))
        #expect(small.json["responses"]?.array?[0]["body"] == "yyyyyyyyyy")
        #expect(try await objects(customer).isEmpty)
        let large = try await customer.send(.patch, path, json: Self.route("z"))
        #expect(large.status == 200)
        #expect(try await objects(customer).count == 1)
        #expect(try await customer.send(.delete, path).status == 204)
        #expect(try await objects(customer).isEmpty)
    }

    @Test func `what is refused leaves nothing in the object store`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        let made = try await customer.send(.post, "/mocks/\(mock)/routes", json: Self.route())
        let path = "/mocks/\(mock)/routes/\(try #require(made.json["id"]?.string))"
        let before = try await objects(customer)
        let late = try await customer.send(.patch, path, json: ["path": "/x"], headers: ["If-Match": "\"99\""])
        #expect(late.status == 412)
        let wrong = try await customer.send(.patch, path, json: ["colour": "red"])
        #expect(wrong.status == 422)
        let nowhere = try await customer.send(.post, "/mocks/mock_0000000000000000/routes", json: Self.route())
        #expect(nowhere.status == 404)
        #expect(try await objects(customer) == before)
    }

    @Test func `a repeated request makes one route and keeps one object`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        for _ in 0..<3 {
            let answer = try await customer.send(
                .post, "/mocks/\(mock)/routes", json: Self.route(), headers: ["Idempotency-Key": "r1"])
            #expect(answer.status == 201)
        }
        #expect(try await objects(customer).count == 1)
    }

    @Test func `the storage reconciler keeps what a row names, and a mock takes it with it`() async throws {
        let installation = try Installation()
        let customer = try await Customer(installation)
        let mock = try await customer.makeMock()
        _ = try await customer.send(.post, "/mocks/\(mock)/routes", json: Self.route())
        installation.clock.advance(.seconds(86_401))
        try await StorageReconciler(platform: installation.platform).reconcile()
        #expect(try await objects(customer).count == 1)
        _ = try await customer.send(.delete, "/workspaces/\(customer.workspace)/mocks/\(mock)")
        #expect(try await objects(customer).isEmpty)
    }

    @Test func `an import keeps large definitions in the object store, and leaves none behind`() async throws {
        let customer = try await Customer(try Installation())
        func importReply(_ reply: String) async throws -> JSON {
            let answer = try await customer.importText(Description.text(paths: ["/big", "/small"], reply: reply))
            guard answer.status == 200 || answer.status == 201 else { throw UnexpectedAnswer(answer: answer) }
            return answer.json
        }
        func notes() async throws -> [JSON] {
            try await customer.installation.database.read(.tenant(customer.tenant)) { sql in
                try RouteRepository(sql).notes()
            }
        }
        let mock = try #require(try await importReply(String(repeating: "x", count: 70_000))["mock_id"]?.string)
        #expect(try await notes().count == 2)
        // The text, and each route's.
        #expect(try await objects(customer).count == 3)
        let shown = try await customer.send(.get, "/mocks/\(mock)/routes")
        let body = shown.json["data"]?[0]?["responses"]?[0]?["body"]
        #expect(body?["name"]?.string?.utf8.count == 70_000)
        let keys = Set(try await objects(customer).map(\.key))

        let changed = try await importReply(String(repeating: "y", count: 70_000))
        #expect(changed["updated"] == 2)
        #expect(try await objects(customer).count == 3)
        #expect(keys.isDisjoint(with: try await objects(customer).map(\.key)))
        #expect(try await importReply(String(repeating: "y", count: 70_000))["unchanged"] == 2)
        #expect(try await objects(customer).count == 3)

        #expect(try await importReply("small")["updated"] == 2)
        #expect(try await notes().isEmpty)
        #expect(try await objects(customer).count == 1)
    }
}

extension HTTPField.Name {
    fileprivate static let eTag = Self("ETag")!
}
