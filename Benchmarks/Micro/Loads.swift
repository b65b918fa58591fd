import Domain
import JSON
import MockEngine

/// Requests to a workspace of many routes that differ in literals, priority and matchers, in random order.
final class MatchLoad {
    private let workspace: CompiledWorkspace
    private let requests: [MockRequest]

    init(routes: Int) throws {
        let definitions = try (0..<routes).map { number in
            try Self.route(
                number.isMultiple(of: 10)
                    ? [
                        "method": "GET", "path": .string("/things/kind\(number)/{id}"),
                        "priority": .number(JSONNumber(number % 3)),
                        "match": ["query": ["q": ["absent": true]]], "responses": [["body": ["n": 1]]],
                    ]
                    : [
                        "method": "GET", "path": .string("/things/kind\(number)/{id}"),
                        "responses": [["body": ["n": 1]]],
                    ])
        }
        workspace = CompiledWorkspace.benchmark(definitions)
        var random = SystemRandomNumberGenerator()
        requests = (0..<4096).map { _ in
            MockRequest(method: "GET", path: "/things/kind\(Int.random(in: 0..<routes, using: &random))/4711")
        }
    }

    func run(_ turn: Int) throws {
        let reply = workspace.respond(to: requests[turn & 4095], .system)
        guard reply.outcome == .matched else { throw Unexpected(reply: reply) }
    }

    static func route(_ json: JSON) throws -> RouteDefinition {
        let violations = Violations()
        let route = RouteDefinition(json: json, id: RouteID(from: .system), violations: violations)
        try violations.throwIfAny()
        guard let route else { throw Unreadable() }
        return route
    }
}

/// The template of the benchmark's template mock.
final class TemplateLoad {
    private let workspace: CompiledWorkspace
    private let request = MockRequest(method: "GET", path: "/users/4711")

    init() throws {
        workspace = CompiledWorkspace.benchmark([
            try MatchLoad.route([
                "method": "GET", "path": "/users/{id}",
                "responses": [
                    [
                        "template": true,
                        "body": [
                            "id": "{{request.path_params.id}}", "request": "{{uuid}}",
                            "name": "{{fake 'name.full_name'}}",
                        ],
                    ]
                ],
            ])
        ])
    }

    func run(_ turn: Int) throws {
        let reply = workspace.respond(to: request, .system)
        guard reply.outcome == .matched else { throw Unexpected(reply: reply) }
    }
}

/// An imported operation whose request is validated and whose reply is made from its schema.
final class SchemaLoad {
    private let workspace: CompiledWorkspace
    private let request: MockRequest

    /// - Parameter items: the length of the list in the reply; nil for one object.
    init(items: Int?) throws {
        let description = Self.description(items: items)
        let imported = try OpenAPIImporter.read(Array(description.utf8), format: .json, surroundings: .system)
        var settings = WorkspaceSettings()
        settings.validation = .enforce
        workspace = CompiledWorkspace.benchmark(
            imported.routes, settings: settings, document: imported.document)
        request = MockRequest(
            method: "POST", path: "/orders", headers: [HeaderField("content-type", "application/json")],
            body: Array(#"{"customer":"c-17","quantity":3}"#.utf8))
    }

    func run(_ turn: Int) throws {
        let reply = workspace.respond(to: request, .system)
        guard reply.outcome == .matched else { throw Unexpected(reply: reply) }
    }

    static func description(items: Int?) -> String {
        let order = """
            {"type": "object", "required": ["id", "customer", "quantity", "state"], "properties": {
              "id": {"type": "string", "format": "uuid"}, "customer": {"type": "string", "minLength": 3},
              "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
              "state": {"enum": ["new", "paid", "sent"]}}}
            """
        let reply =
            items.map { #"{"type": "array", "minItems": \#($0), "maxItems": \#($0), "items": \#(order)}"# } ?? order
        return """
            {"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {"/orders": {"post": {
              "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object",
                "required": ["customer", "quantity"], "properties": {"customer": {"type": "string"},
                "quantity": {"type": "integer", "minimum": 1}}}}}},
              "responses": {"201": {"description": "made", "content": {"application/json": {"schema": \(reply)}}}}}}}}
            """
    }
}

/// A load got another answer than the one that it times.
struct Unexpected: Error, CustomStringConvertible {
    let reply: MockReply

    var description: String { "status \(reply.status): \(String(decoding: reply.body, as: UTF8.self))" }
}

struct Unreadable: Error {}

extension CompiledWorkspace {
    /// A workspace of one mock at the root.
    static func benchmark(
        _ routes: [RouteDefinition], settings: WorkspaceSettings = WorkspaceSettings(), document: JSON? = nil
    ) -> CompiledWorkspace {
        CompiledWorkspace(
            id: WorkspaceID(from: .system), slug: .default, settings: settings,
            mocks: [
                MockDefinition(
                    id: MockID(from: .system), name: "benchmark", basePath: "", routes: routes, document: document)
            ])
    }
}
