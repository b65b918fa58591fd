import Domain
import HTTPTypes
import JSON
import Testing

@testable import ControlPlane

/// Holds `openapi/management.yaml` and the endpoint table together.
struct DescriptionTests {
    private static let endpoints = ControlPlane.endpoints()

    private func description() async throws -> JSON {
        try await Installation().send(.get, "/openapi.json", token: nil).json
    }

    private func resolve(_ json: JSON, in document: JSON) throws -> JSON {
        guard let reference = json["$ref"]?.string else { return json }
        let pointer = try #require(JSONPointer(reference.dropFirst()))
        return try #require(document[pointer], "\(reference) leads nowhere")
    }

    @Test func `the description has the endpoints of the table, no more and no less`() async throws {
        let document = try await description()
        #expect(document["openapi"] == "3.1.0")
        var described: Set<String> = []
        for (path, item) in try #require(document["paths"]?.object) {
            for (method, _) in item.object ?? [:] where method != "parameters" {
                described.insert("\(method.uppercased()) \(path)")
            }
        }
        #expect(described == Set(Self.endpoints.map { "\($0.method) \($0.path.text)" }))
    }

    @Test func `the description tells parameters, bodies and credentials of each endpoint truly`() async throws {
        let document = try await description()
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method) \(endpoint.path.text)"
            let item = try #require(document["paths"]?[endpoint.path.text], "\(name)")
            let operation = try #require(item[endpoint.method.rawValue.lowercased()], "\(name)")
            let parameters = try ((item["parameters"]?.array ?? []) + (operation["parameters"]?.array ?? [])).map {
                try resolve($0, in: document)
            }
            func names(_ place: String) -> Set<String> {
                Set(parameters.filter { $0["in"] == .string(place) }.compactMap { $0["name"]?.string })
            }
            #expect(names("query") == Set(endpoint.query), "\(name)")
            let inPath = endpoint.path.segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
            #expect(names("path") == Set(inPath), "\(name)")
            #expect(names("header").contains("Idempotency-Key") == (endpoint.method == .post), "\(name)")

            let body = try operation["requestBody"].map { try resolve($0, in: document) }
            #expect(Set(body?["content"]?.object?.keys ?? []) == Set(endpoint.body.mediaTypes), "\(name)")
            #expect((body?["required"] == true) == endpoint.body.isRequired, "\(name)")

            var expected: [JSON] = []
            switch endpoint.handler {
            case .anyone: break
            case .admin: expected = [["adminToken": []]]
            case .tenant(let scope, _): expected = [["tenantKey": [.string(scope.rawValue)]]]
            case .both(_, let scope, _): expected = [["adminToken": []], ["tenantKey": [.string(scope.rawValue)]]]
            }
            #expect(operation["security"]?.array == expected, "\(name)")
        }
    }

    @Test func `every reference in the description leads somewhere and every operation has its own id`() async throws {
        let document = try await description()
        var ids: [String] = []
        func walk(_ json: JSON) throws {
            _ = try resolve(json, in: document)
            if let id = json["operationId"]?.string { ids.append(id) }
            for element in json.array ?? [] { try walk(element) }
            for (_, value) in json.object ?? [:] { try walk(value) }
        }
        try walk(document)
        #expect(ids.count == Self.endpoints.count)
        #expect(Set(ids).count == ids.count)
    }
}
