import Crypto
import Domain
import Foundation
import HTTPTypes
import JSON
import Persistence
import Testing

@testable import ControlPlane

/// Files that routes answer with.
@Suite struct AssetTests {
    private static let text = "<svg/>"

    private func upload(
        _ customer: Customer, _ name: String = "logo.svg", _ text: String = text, type: String = "image/svg+xml",
        headers: [String: String] = [:]
    ) async throws -> Answer {
        try await customer.send(
            .post, "/workspaces/\(customer.workspace)/assets?name=\(PercentEncoding.encode(name))", text: text,
            type: type, headers: headers)
    }

    private func path(_ customer: Customer, _ asset: Answer) throws -> String {
        "/workspaces/\(customer.workspace)/assets/\(try #require(asset.json["id"]?.string))"
    }

    private func stored(_ customer: Customer) async throws -> [StoredObject] {
        try await customer.installation.objects.list(prefix: "", tenant: customer.tenant)
    }

    private static func route(_ asset: String, path: String = "/logo") -> JSON {
        ["method": "GET", "path": .string(path), "responses": [["status": 200, "body_asset": .string(asset)]]]
    }

    @Test func `an uploaded file is described, listed, and comes back to the byte`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await upload(customer, "Übersicht \"1\".svg")
        #expect(made.status == 201)
        #expect(made.json["name"] == "Übersicht \"1\".svg")
        #expect(made.json["content_type"] == "image/svg+xml")
        #expect(made.json["bytes"] == JSON(Self.text.utf8.count))
        #expect(made.json["sha256"]?.string == Hexadecimal.text(SHA256.hash(data: Data(Self.text.utf8))))
        let list = try await customer.send(.get, "/workspaces/\(customer.workspace)/assets")
        #expect(list.json["data"] == [made.json])

        let file = try await customer.send(.get, try path(customer, made))
        #expect(file.status == 200)
        #expect(file.text == Self.text)
        #expect(file.headers[.contentType] == "image/svg+xml")
        let tag = try #require(file.headers[.eTag])
        let again = try await customer.send(.get, try path(customer, made), headers: ["If-None-Match": tag])
        #expect(again.status == 304)
    }

    @Test func `no browser runs a file under the address of the API`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await upload(customer, "a\"b/c.html", "<script>1</script>", type: "text/html")
        let file = try await customer.send(.get, try path(customer, made))
        let disposition = file.headers[HTTPField.Name("Content-Disposition")!]
        #expect(disposition == "attachment; filename=\"a_b_c.html\"; filename*=UTF-8''a%22b%2Fc.html")
        #expect(file.headers[.xContentTypeOptions] == "nosniff")
        #expect(file.headers[HTTPField.Name("Content-Security-Policy")!]?.hasPrefix("sandbox") == true)
    }

    @Test func `a bad name and a bad type are refused together and store nothing`() async throws {
        let customer = try await Customer(try Installation())
        let answer = try await upload(customer, "asset_0123456789abcdef", type: "svg")
        #expect(answer.status == 422)
        #expect(Set(answer.pointers) == ["query:name", "header:Content-Type"])
        #expect(try await stored(customer).isEmpty)
    }

    @Test func `a name is an asset's alone in its workspace, until the asset is deleted`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await upload(customer)
        let second = try await upload(customer, "logo.svg", "other")
        #expect(second.status == 409)
        #expect(second.code == "name_taken")
        #expect(try await stored(customer).count == 1)
        #expect(try await customer.send(.delete, try path(customer, made)).status == 204)
        #expect(try await stored(customer).isEmpty)
        #expect(try await upload(customer, "logo.svg", "other").status == 201)
    }

    @Test func `a repeated upload is answered as the first one, and its bytes are not kept twice`() async throws {
        let customer = try await Customer(try Installation())
        let headers = ["Idempotency-Key": "one"]
        let first = try await upload(customer, headers: headers)
        let second = try await upload(customer, headers: headers)
        #expect(second.status == 201)
        #expect(second.json == first.json)
        #expect(try await stored(customer).count == 1)
        let other = try await upload(customer, "logo.svg", "something else", headers: headers)
        #expect(other.code == "idempotency_key_reused")
        #expect(try await stored(customer).count == 1)
    }

    @Test func `a file beyond the plan's largest body is refused and not kept`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": ["max_request_body_kb": 1]])
        #expect(try await upload(customer, "fits", String(repeating: "x", count: 1024)).status == 201)
        let answer = try await upload(customer, "large", String(repeating: "x", count: 1025))
        #expect(answer.status == 413)
        #expect(answer.code == "body_too_large")
        #expect(try await stored(customer).count == 1)
    }

    @Test func `an asset that does not fit into the plan's storage is refused and not kept`() async throws {
        let customer = try await Customer(try Installation())
        _ = try await customer.installation.send(
            .patch, "/v1/tenants/\(customer.tenant)", json: ["quotas": ["max_storage_mb": 1]])
        let answer = try await upload(customer, "large", String(repeating: "x", count: 2 << 20))
        #expect(answer.code == "quota_exceeded")
        #expect(try await stored(customer).isEmpty)
    }

    @Test func `a route names an asset by name or id, and shows the id`() async throws {
        let customer = try await Customer(try Installation())
        let id = try #require(try await upload(customer).json["id"]?.string)
        let mock = try await customer.makeMock()
        for (number, name) in ["logo.svg", id].enumerated() {
            let answer = try await customer.send(
                .post, "/mocks/\(mock)/routes", json: Self.route(name, path: "/\(number)"))
            #expect(answer.status == 201)
            #expect(answer.json["responses"]?.array?.first?["body_asset"] == .string(id))
        }
    }

    @Test func `an asset that is unknown, or of another workspace, is a violation beside the others`() async throws {
        let customer = try await Customer(try Installation())
        let other = try await customer.send(.post, "/workspaces", json: ["name": "Other"])
        let foreign = try await customer.send(
            .post, "/workspaces/\(try #require(other.json["id"]?.string))/assets?name=x", text: "x", type: "text/plain")
        let mock = try await customer.makeMock()
        let answer = try await customer.send(
            .post, "/mocks/\(mock)/routes",
            json: [
                "method": "GET", "path": "/a", "priority": "high",
                "responses": [
                    ["body_asset": "nothing"], ["body_asset": .string(foreign.json["id"]?.string ?? "")], ["body": 1],
                ],
            ])
        #expect(answer.status == 422)
        #expect(
            Set(answer.pointers) == ["/priority", "/responses/0/body_asset", "/responses/1/body_asset"])
    }

    @Test func `an asset that routes answer with is not deleted, large routes and changed ones included`() async throws
    {
        let customer = try await Customer(try Installation())
        let made = try await upload(customer)
        let id = try #require(made.json["id"]?.string)
        let mock = try await customer.makeMock()
        let small = try await customer.makeRoute(in: mock)
        _ = try await customer.send(
            .patch, "/mocks/\(mock)/routes/\(small)", json: ["responses": [["body_asset": "logo.svg"]]])
        let large = try await customer.makeRoute(
            in: mock,
            [
                "method": "GET", "path": "/large",
                "responses": [
                    ["body_asset": "logo.svg"], ["body": .string(String(repeating: "x", count: 100_000))],
                ],
            ])
        let refused = try await customer.send(.delete, try path(customer, made))
        #expect(refused.status == 409)
        #expect(refused.code == "asset_in_use")
        let named = refused.json["routes"]?.array?.compactMap { $0["route_id"]?.string } ?? []
        #expect(Set(named) == [small, large])

        #expect(try await customer.send(.delete, "/mocks/\(mock)/routes/\(large)").status == 204)
        // Who only speaks of an asset does not use it.
        let spoken = try await customer.send(
            .patch, "/mocks/\(mock)/routes/\(small)",
            json: ["responses": [["body": ["body_asset": .string(id)]]]])
        #expect(spoken.status == 200)
        #expect(try await customer.send(.delete, try path(customer, made)).status == 204)
    }

    @Test func `the routes of a workspace do not answer with more than a node can hold`() async throws {
        let customer = try await Customer(try Installation())
        let mock = try await customer.makeMock()
        for number in 0..<8 {
            let now = customer.installation.clock.now
            let record = AssetRecord(
                id: AssetID(from: .system), workspaceID: customer.workspace, name: "\(number)",
                contentType: "text/plain", size: NamedAssets.limit / 7, sha256: "", objectKey: "k\(number)",
                createdAt: now)
            try await customer.installation.database.write(.tenant(customer.tenant)) {
                try AssetRepository($0).insert(record)
            }
            let answer = try await customer.send(
                .post, "/mocks/\(mock)/routes", json: Self.route("\(number)", path: "/\(number)"))
            #expect(answer.status == (number < 7 ? 201 : 403))
            if number == 7 { #expect(answer.code == "assets_too_large") }
        }
    }

    @Test func `a workspace takes its assets along when it is deleted`() async throws {
        let customer = try await Customer(try Installation())
        let made = try await customer.send(.post, "/workspaces", json: ["name": "Other"])
        let workspace = try #require(made.json["id"]?.string)
        let asset = try await customer.send(
            .post, "/workspaces/\(workspace)/assets?name=x", text: "x", type: "text/plain")
        #expect(asset.status == 201)
        #expect(try await customer.send(.delete, "/workspaces/\(workspace)").status == 204)
        #expect(try await stored(customer).isEmpty)
    }

    @Test func `another tenant's asset is neither shown nor answered with nor deleted`() async throws {
        let installation = try Installation()
        let mine = try await Customer(installation)
        let other = try await Customer(installation, "other")
        let theirs = try await upload(other)
        let id = try #require(theirs.json["id"]?.string)
        for method in [HTTPRequest.Method.get, .delete] {
            #expect(try await mine.send(method, try path(other, theirs)).status == 404)
            #expect(try await mine.send(method, "/workspaces/\(mine.workspace)/assets/\(id)").status == 404)
        }
        let mock = try await mine.makeMock()
        let route = try await mine.send(.post, "/mocks/\(mock)/routes", json: Self.route(id))
        #expect(route.pointers == ["/responses/0/body_asset"])
        #expect(try await other.send(.get, try path(other, theirs)).text == Self.text)
    }
}
