import Domain
import JSON

/// Finds the bodies that a media type of a response offers: the author's examples, else data made from the schema.
struct MediaImporter {
    struct Body {
        /// Empty for the one that is not asked for by name.
        let name: String
        let definition: BodyDefinition
    }

    private struct Example {
        let name: String
        let value: JSON
        let pointer: JSONPointer
    }

    private static let exampleLimit = 50

    let type: MediaType
    let references: ReferenceResolver
    let schemas: SchemaSet
    let findings: ImportFindings
    /// The operation and status, for messages.
    let title: String

    /// At least one body. An example that breaks its own schema comes after data made from the schema and must be asked for by
    /// name: a client generated from the description would choke on it.
    func bodies(_ media: JSONObject, at place: JSONPointer) -> [Body] {
        let examples = examples(media, at: place)
        let schemaPlace = media["schema"] == nil ? nil : schemaPlace(place / "schema")
        let schema = schemaPlace.flatMap(compile)
        var valid: [Body] = []
        var invalid: [Body] = []
        for example in examples {
            let (value, violations) = check(example.value, schema)
            let body = definition(value)
            if violations.isEmpty {
                valid.append(Body(name: example.name, definition: body))
            } else {
                note(violations, of: example)
                invalid.append(Body(name: example.name.isEmpty ? "example" : example.name, definition: body))
            }
        }
        if !valid.isEmpty { return valid + invalid }
        guard let schemaPlace, schema != nil else {
            return invalid.isEmpty ? [Body(name: "", definition: type.isJSON ? .json([:]) : .empty)] : invalid
        }
        let reference: JSON = ["$ref": .string(ReferenceResolver.reference(to: schemaPlace))]
        return [Body(name: "", definition: .schema(reference))] + invalid
    }

    private func note(_ violations: [Violation], of example: Example) {
        let shown = violations.prefix(3).map { "\($0.pointer.isEmpty ? "it" : $0.pointer) \($0.message)" }
        let more = violations.count > 3 ? "; …" : ""
        let name = example.name.isEmpty ? "the example" : "the example \"\(example.name)\""
        findings.warn(
            example.pointer, "example_invalid",
            "\(title): \(name) does not fit its schema: \(shown.joined(separator: "; "))\(more)")
    }

    private func definition(_ value: JSON) -> BodyDefinition {
        guard type.isJSON else { return .text(value.string ?? value.text) }
        // In a route's wire form a string stands for text and null for no body, so these two are written out as JSON text.
        return value.string != nil || value.isNull ? .text(value.text) : .json(value)
    }

    /// The value to answer with, and what is wrong with it.
    private func check(_ value: JSON, _ schema: CompiledSchema?) -> (JSON, [Violation]) {
        // Of other types, text/* bodies can be held against a schema of strings; the rest is not what the schema describes.
        guard let schema, type.isJSON || (type.isText && value.string != nil) else {
            return (type.isJSON ? parsed(value) ?? value : value, [])
        }
        let violations = schema.validate(value, direction: .response, limit: 4)
        if !violations.isEmpty, type.isJSON, let parsed = parsed(value), schema.accepts(parsed, direction: .response) {
            return (parsed, [])
        }
        return (value, violations)
    }

    /// Many authors write a JSON body as a string that holds its text.
    private func parsed(_ value: JSON) -> JSON? {
        guard let text = value.string?.trimmed, text.hasPrefix("{") || text.hasPrefix("[") else { return nil }
        return try? JSON.parse(text)
    }

    private func examples(_ media: JSONObject, at place: JSONPointer) -> [Example] {
        var found: [Example] = []
        if let value = media["example"] { found.append(Example(name: "", value: value, pointer: place / "example")) }
        let named = media["examples"]?.object ?? [:]
        for (name, _) in named.prefix(Self.exampleLimit) {
            let pointer = place / "examples" / name
            do {
                guard let target = try references.resolve(pointer) else { continue }
                if let value = target.object["value"] {
                    let short = String(name.prefix(RouteDefinition.maximalNameLength))
                    found.append(Example(name: short, value: value, pointer: target.pointer / "value"))
                } else if let address = target.object["externalValue"]?.string {
                    findings.warn(
                        pointer, "external_example",
                        "\(title): the example \"\(name)\" stands at \"\(address)\", which is not fetched")
                }
            } catch {
                findings.note(error, at: pointer)
            }
        }
        if named.count > Self.exampleLimit {
            findings.warn(
                place / "examples", "too_many_examples",
                "\(title): only the first \(Self.exampleLimit) examples are taken")
        }
        return found
    }

    /// Where the schema really stands, so that equal ones are compiled once.
    private func schemaPlace(_ place: JSONPointer) -> JSONPointer {
        guard let object = references.root[place]?.object, object.count == 1,
            let target = try? references.resolve(object, at: place)
        else { return place }
        return target.pointer
    }

    private func compile(_ place: JSONPointer) -> CompiledSchema? {
        do {
            return try schemas.schema(at: place)
        } catch {
            findings.warn(place, "schema_invalid", "\(title): no data can be made from the schema: \(error)")
            return nil
        }
    }
}
