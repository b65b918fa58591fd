import Domain
import JSON

/// A response definition made ready: constant parts are bytes, the others programs.
final class CompiledResponse: Sendable {
    enum Body: Sendable {
        case constant([UInt8])
        case template(CompiledTemplate)
        /// JSON data made for each request, by the plan where there is one.
        case schema(CompiledSchema, ExampleProgram?)
    }

    enum HeaderValue: Sendable {
        case constant(String)
        case template(CompiledTemplate)
    }

    let name: String
    let status: Int
    let headers: [(name: String, value: HeaderValue)]
    let body: Body
    let delayMilliseconds: Int
    let when: CompiledMatch?
    let weight: Int
    /// Whether the content type is a kind of JSON.
    private let isJSON: Bool

    /// The whole answer where nothing in it depends on the request.
    let constantReply: MockReply?

    /// A response names a file that is not there: a defect, or an object store that lost something.
    struct MissingAsset: Error, CustomStringConvertible {
        let name: String

        var description: String { "the asset \(name) is not there" }
    }

    /// - Parameter assets: files by their ids.
    init(
        _ definition: ResponseDefinition, mock: MockID, route: RouteID, schemas: SchemaSet?,
        assets: [String: AssetFile]
    ) throws {
        name = definition.name
        status = definition.status
        delayMilliseconds = definition.delayMilliseconds
        when = try definition.when.map { try CompiledMatch($0) }
        weight = definition.weight

        body = try Self.compile(definition, schemas: schemas, assets: assets)
        var headers: [(name: String, value: HeaderValue)] = []
        for field in definition.headers {
            var value = HeaderValue.constant(field.value)
            if definition.isTemplate {
                let template = try CompiledTemplate(header: field.value)
                if !template.isConstant { value = .template(template) }
            }
            headers.append((field.name.lowercased(), value))
        }
        if let type = Self.defaultContentType(definition.body, assets),
            !headers.contains(where: { $0.name == "content-type" })
        {
            headers.append(("content-type", .constant(type)))
        }
        if case .asset = definition.body, !headers.contains(where: { $0.name == "x-content-type-options" }) {
            // A file is what its uploader said it is, and no browser may take it for something else.
            headers.append(("x-content-type-options", .constant("nosniff")))
        }
        self.headers = headers
        isJSON = headers.contains { name, value in
            guard name == "content-type", case .constant(let type) = value else { return false }
            return type.contains("json")
        }
        constantReply = Self.constantReply(
            status: status, headers: headers, body: body, delay: delayMilliseconds, name: name, mock: mock, route: route
        )
    }

    /// Bytes in memory, roughly: a template is some times as large as its text, a schema is shared and counted elsewhere.
    var approximateSize: Int {
        switch body {
        case .constant(let bytes): 512 + bytes.count
        case .template: 4096
        case .schema: 1024
        }
    }

    private static func compile(
        _ definition: ResponseDefinition, schemas: SchemaSet?, assets: [String: AssetFile]
    ) throws -> Body {
        switch definition.body {
        case .empty:
            return .constant([])
        case .base64(let text):
            return .constant(Base64.decode(text) ?? [])
        case .asset(let name):
            guard let file = assets[name] else { throw MissingAsset(name: name) }
            return .constant(file.bytes)
        case .json(let json):
            guard definition.isTemplate else { return .constant(json.bytes) }
            let template = try CompiledTemplate(json: json)
            return template.isConstant ? .constant(json.bytes) : .template(template)
        case .text(let text):
            guard definition.isTemplate else { return .constant(Array(text.utf8)) }
            return .template(try CompiledTemplate(text: text))
        case .schema(let schema):
            let set = schemas ?? SchemaSet(document: schema, dialect: .draft2020)
            let compiled = try set.compile(schema)
            return .schema(compiled, ExamplePlanner.plan(compiled, direction: .response))
        }
    }

    private static func defaultContentType(_ body: BodyDefinition, _ assets: [String: AssetFile]) -> String? {
        switch body {
        case .empty: nil
        case .json, .schema: "application/json"
        case .text: "text/plain; charset=utf-8"
        case .base64: "application/octet-stream"
        case .asset(let name): assets[name]?.contentType
        }
    }

    private static func constantReply(
        status: Int, headers: [(name: String, value: HeaderValue)], body: Body, delay: Int, name: String,
        mock: MockID, route: RouteID
    ) -> MockReply? {
        guard case .constant(let bytes) = body else { return nil }
        var fields: [HeaderField] = []
        for (name, value) in headers {
            guard case .constant(let text) = value else { return nil }
            fields.append(HeaderField(name, text))
        }
        return MockReply(
            outcome: .matched, status: status, headers: fields, body: bytes, delayMilliseconds: delay, mockID: mock,
            routeID: route, responseName: name)
    }

    /// Makes the answer to one request.
    func render(
        _ view: RequestView, _ environment: inout TemplateEnvironment, mock: MockID, route: RouteID
    ) throws(TemplateError) -> MockReply {
        if let constantReply { return constantReply }
        var fields: [HeaderField] = []
        fields.reserveCapacity(headers.count)
        for (name, value) in headers {
            switch value {
            case .constant(let text):
                fields.append(HeaderField(name, text))
            case .template(let template):
                var bytes: [UInt8] = []
                try template.render(view, &environment, into: &bytes)
                fields.append(HeaderField(name, String(decoding: bytes, as: UTF8.self)))
            }
        }
        var bytes: [UInt8] = []
        switch body {
        case .constant(let constant): bytes = constant
        case .template(let template): try template.render(view, &environment, into: &bytes)
        case .schema(let schema, let plan):
            if isJSON, let plan,
                let text = ExampleWriter.example(
                    plan, of: schema, direction: .response, seed: environment.random.next())
            {
                bytes = text
                break
            }
            let value = schema.example(using: &environment.random, direction: .response)
            // A description may give a schema to text/plain; its string is the body, without quotes.
            if !isJSON, case .string(let text) = value { bytes = Array(text.utf8) } else { value.write(to: &bytes) }
        }
        return MockReply(
            outcome: .matched, status: status, headers: fields, body: bytes, delayMilliseconds: delayMilliseconds,
            mockID: mock, routeID: route, responseName: name)
    }
}
