import Domain
import Foundation
import JSON
import MockEngine
import NIOHTTP1
import Testing

extension EndToEnd {
    /// Imports the public test data and calls every operation of it.
    @Suite(.enabled(if: Programs.specifications != nil, "the public test data is not beside the repository"))
    struct SpecificationTests {
        private static let files = [
            "v3.0-api-with-examples.yaml", "v3.0-callback-example.yaml", "v3.0-link-example.yaml",
            "v3.0-petstore-expanded.yaml", "v3.0-uspto.yaml", "v3.1-non-oauth-scopes.yaml", "v3.1-tictactoe.yaml",
            "v3.1-webhook-example.yaml", "twilio_api_v2010.json",
        ]

        @Test func `no file of the test data is left out`() throws {
            let folder = try #require(Programs.specifications) + "/openapi"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix("v2.0") }
            #expect(Set(names) == Set(Self.files))
        }

        @Test(arguments: files)
        func `every operation answers with a status and a body of its description`(file: String) async throws {
            let path = try #require(Programs.specifications) + "/openapi/" + file
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            let document = try SourceDocument(bytes, format: nil).root
            let server = try await RunningServer()
            let key = try #require(try await server.admin.tenant("specs", plan: "enterprise")["api_key"]?.string)
            let type = file.hasSuffix(".json") ? "application/json" : "application/yaml"
            let imported = try await server.api(key).importFile(bytes, type: type, query: "?base_path=/base")
            #expect(imported.status == 201, "\(imported.text)")
            let walk = OperationWalk(document: document)
            #expect(imported.json["created"] == JSON(walk.operations.count))
            let http = HTTP(port: server.port, host: "specs.localhost")
            for operation in walk.operations {
                let reply = try await http.send(operation.method, "/base" + operation.samplePath)
                let complaints = walk.complaints(about: reply, to: operation)
                #expect(
                    complaints.isEmpty, "\(operation.method) \(operation.path): \(complaints) \(reply.text.prefix(500))"
                )
            }
        }

        @Test(arguments: ["v2.0-petstore-expanded.json", "v2.0-uber.json", "v2.0-api-with-examples.json"])
        func `a Swagger 2 file is refused with a sentence`(file: String) async throws {
            let path = try #require(Programs.specifications) + "/openapi/" + file
            let server = try await RunningServer()
            let key = try #require(try await server.admin.tenant("older")["api_key"]?.string)
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            let reply = try await server.api(key).importFile(bytes, type: "application/json")
            #expect(reply.status == 422)
            #expect(reply.json["code"] == "unsupported_format", "\(reply.text)")
        }
    }
}

/// The operations of an OpenAPI document, and what a reply to each must be.
struct OperationWalk {
    struct Operation {
        let method: String
        /// The template.
        let path: String
        /// The template with values that fit the parameters' schemas.
        let samplePath: String
        let pointer: JSONPointer
    }

    let document: JSON
    let schemas: SchemaSet
    private(set) var operations: [Operation] = []

    init(document: JSON) {
        self.document = document
        let isOlder = document["openapi"]?.string?.hasPrefix("3.0") == true
        schemas = SchemaSet(document: document, dialect: isOlder ? .openAPI30 : .draft2020)
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
        for (path, item) in document["paths"]?.object ?? JSONObject() {
            for method in methods {
                guard let operation = item[method] else { continue }
                let parameters = (item["parameters"]?.array ?? []) + (operation["parameters"]?.array ?? [])
                operations.append(
                    Operation(
                        method: method.uppercased(), path: path,
                        samplePath: samplePath(path, parameters.map(resolved)),
                        pointer: JSONPointer(["paths", path, method])))
            }
        }
    }

    /// Follows local references.
    private func resolved(_ json: JSON) -> JSON {
        var current = json
        for _ in 0..<20 {
            guard let reference = current["$ref"]?.string, let pointer = JSONPointer(reference.dropFirst()),
                let target = document[pointer]
            else { break }
            current = target
        }
        return current
    }

    private func samplePath(_ template: String, _ parameters: [JSON]) -> String {
        var path = template
        for parameter in parameters where parameter["in"]?.string == "path" {
            guard let name = parameter["name"]?.string else { continue }
            let schema = resolved(parameter["schema"] ?? .null)
            let isNumber = ["integer", "number"].contains(schema["type"]?.string)
            let value = parameter["example"] ?? schema["example"] ?? schema["enum"]?[0] ?? (isNumber ? 1 : "abc")
            let text = value.string ?? value.text
            let escaped = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "1"
            path = path.replacingOccurrences(of: "{\(name)}", with: escaped.isEmpty ? "1" : escaped)
        }
        return path
    }

    /// What is wrong with a reply; empty when it is one of the operation's.
    func complaints(about reply: HTTP.Reply, to operation: Operation) -> [String] {
        guard let responses = document[operation.pointer]?["responses"]?.object else { return [] }
        let status = String(reply.status)
        let named = responses[status] ?? responses["\(status.prefix(1))XX"] ?? responses["default"]
        guard let found = named else { return ["\(status) is not described"] }
        let key =
            responses[status] != nil
            ? status : responses["\(status.prefix(1))XX"] != nil ? "\(status.prefix(1))XX" : "default"
        let response = resolved(found)
        guard let content = response["content"]?.object, !content.isEmpty else { return [] }
        if operation.method == "HEAD" { return [] }
        let type = reply.headers.first(name: "content-type") ?? ""
        let mediaType = String(type.prefix { $0 != ";" })
        guard let media = content[mediaType] ?? content.first(where: { $0.key.hasPrefix(mediaType) })?.value else {
            return ["\(mediaType) is not described; \(content.keys)"]
        }
        guard mediaType == "application/json" || mediaType.hasSuffix("+json"), let schema = media["schema"] else {
            return []
        }
        guard let body = try? JSON.parse(reply.bytes) else { return ["the body is not JSON"] }
        do {
            return try schemas.compile(schema).validate(body).map { "\(key) \($0.pointer): \($0.message)" }
        } catch {
            return ["the schema does not compile: \(error)"]
        }
    }
}
