package import Domain
import JSON

/// Makes a mock of an OpenAPI description, version 3.0 or 3.1.
package struct OpenAPIImporter {
    private static let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
    private static let operationLimit = 10_000

    private let root: JSON
    private let references: ReferenceResolver
    private let findings: ImportFindings
    private let responses: ResponseImporter
    private let surroundings: Surroundings

    /// Reads a file; ids of the new routes come from `surroundings`.
    ///
    /// Throws `invalid_syntax` (400), `unsupported_format` or `too_many_operations` (422), or `validation_failed` (422, with
    /// every violation). The caller limits the number of bytes.
    package static func read(
        _ bytes: [UInt8], format: SourceDocument.Format? = nil, surroundings: Surroundings
    ) throws(Problem) -> ImportedMock {
        let source = try SourceDocument(bytes, format: format)
        let findings = ImportFindings(source)
        let head = try OpenAPIHead(source, findings: findings)
        let importer = OpenAPIImporter(source, head: head, findings: findings, surroundings: surroundings)
        let routes = try importer.routes()
        importer.noteIgnoredParts()
        var schemaReferences = SchemaReferences(root: source.root, findings: findings)
        schemaReferences.check()
        return ImportedMock(
            name: head.title, version: head.apiVersion, format: "openapi \(head.version)",
            suggestedBasePath: head.basePath, document: source.root, routes: routes,
            warnings: try findings.conclude())
    }

    private init(_ source: SourceDocument, head: OpenAPIHead, findings: ImportFindings, surroundings: Surroundings) {
        root = source.root
        references = ReferenceResolver(root: source.root)
        self.findings = findings
        self.surroundings = surroundings
        responses = ResponseImporter(
            references: references, schemas: SchemaSet(document: source.root, dialect: head.dialect),
            findings: findings)
    }

    private func routes() throws(Problem) -> [RouteDefinition] {
        var routes: [RouteDefinition] = []
        var shapes: [String: OperationReference] = [:]
        for (path, value) in root["paths"]?.object ?? [:] where !path.hasPrefix("x-") {
            let place = JSONPointer(["paths", path])
            guard let template = template(path, at: place), let item = pathItem(value, at: place) else { continue }
            for method in item.object.keys where Self.methods.contains(method) {
                guard routes.count < Self.operationLimit else {
                    throw Problem(
                        .unprocessable, code: "too_many_operations",
                        detail: "The file has more than \(Self.operationLimit) operations; split it into several mocks."
                    )
                }
                let operation = OperationReference(path: path, method: method)
                guard let object = item.object[method]?.object else {
                    findings.refuse(item.pointer / method, "invalid_type", "must be an object")
                    continue
                }
                if let other = shapes.updateValue(operation, forKey: "\(method) \(template.shape)") {
                    findings.warn(
                        operation.pointer, "duplicate_route",
                        "\(operation.title) takes the same requests as \(other.title); the one that stands first answers"
                    )
                }
                routes.append(route(operation, template, object, at: item.pointer / method))
            }
        }
        return routes
    }

    private func template(_ path: String, at place: JSONPointer) -> PathTemplate? {
        do {
            let template = try PathTemplate(path)
            if let note = template.note { findings.warn(place, "path_simplified", note) }
            return template
        } catch {
            findings.refuse(place, "invalid_path", error.message)
            return nil
        }
    }

    private func pathItem(_ value: JSON, at place: JSONPointer) -> ReferenceResolver.Target? {
        guard let object = value.object else {
            findings.refuse(place, "invalid_type", "must be an object with operations, is \(value.typeName)")
            return nil
        }
        do {
            return try references.resolve(object, at: place)
        } catch {
            findings.note(error, at: place)
            return nil
        }
    }

    private func route(
        _ operation: OperationReference, _ template: PathTemplate, _ object: JSONObject, at place: JSONPointer
    ) -> RouteDefinition {
        checkRequest(object, at: place)
        let name = [object["operationId"]?.string, object["summary"]?.string].compactMap { $0?.trimmed }
            .first { !$0.isEmpty }
        return RouteDefinition(
            id: RouteID(from: surroundings),
            name: String((name ?? operation.title).prefix(RouteDefinition.maximalNameLength)),
            methods: .some([operation.method.uppercased()]), path: template.routePath,
            match: MatchDefinition(query: template.query),
            responses: responses.responses(of: object, at: place, operation: operation), operation: operation)
    }

    /// Follows the references that request validation will follow later, so that a broken one is known now.
    private func checkRequest(_ object: JSONObject, at place: JSONPointer) {
        let parameters = object["parameters"]?.array ?? []
        for index in parameters.indices { check(place / "parameters" / index) }
        if object.contains("requestBody") { check(place / "requestBody") }
    }

    private func check(_ place: JSONPointer) {
        do {
            _ = try references.resolve(place)
        } catch {
            findings.note(error, at: place)
        }
    }

    private func noteIgnoredParts() {
        if let webhooks = root["webhooks"]?.object, !webhooks.isEmpty {
            findings.warn(
                JSONPointer(["webhooks"]), "webhooks_ignored",
                "webhooks are requests that the API itself sends; no routes are made for them")
        }
    }
}
