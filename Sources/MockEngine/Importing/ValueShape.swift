import JSON

/// As much of a schema as is needed to read text as the value that the schema describes: `7` is a number where one is asked
/// for and a string where not.
struct ValueShape: Sendable {
    private static let depthLimit = 6

    /// Names of JSON Schema's types; empty where the schema does not say.
    private(set) var types: Set<String> = []
    /// What `enum` and `const` allow.
    private(set) var choices: [JSON] = []
    private(set) var properties: [String: ValueShape] = [:]
    /// At most one: the shape of an array's elements.
    private var items: [ValueShape] = []

    /// A shape that takes all text as it is.
    static let text = ValueShape()

    private init() {}

    init(_ schema: JSON, references: ReferenceResolver) {
        self.init(schema, references: references, depth: 0)
    }

    private init(_ schema: JSON, references: ReferenceResolver, depth: Int) {
        guard depth < Self.depthLimit, let object = schema.object else { return }
        if object["$ref"]?.string != nil, let target = try? references.resolve(object, at: .root) {
            merge(ValueShape(.object(target.object), references: references, depth: depth + 1))
        }
        if let type = object["type"]?.string { types.insert(type) }
        types.formUnion((object["type"]?.array ?? []).compactMap(\.string))
        if object["nullable"]?.bool == true { types.insert("null") }
        choices += object["enum"]?.array ?? []
        if let constant = object["const"] { choices.append(constant) }
        for (name, property) in object["properties"]?.object ?? [:] {
            properties[name] = ValueShape(property, references: references, depth: depth + 1)
        }
        if let items = object["items"] { self.items = [ValueShape(items, references: references, depth: depth + 1)] }
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in object[key]?.array ?? [] {
                merge(ValueShape(part, references: references, depth: depth + 1))
            }
        }
    }

    private mutating func merge(_ other: ValueShape) {
        types.formUnion(other.types)
        choices += other.choices
        properties.merge(other.properties) { mine, _ in mine }
        if items.isEmpty { items = other.items }
    }

    var isArray: Bool { types.contains("array") || (types.isEmpty && !items.isEmpty) }
    var isObject: Bool { types.contains("object") || (types.isEmpty && !properties.isEmpty) }

    var element: ValueShape { items.first ?? .text }

    /// The value that one piece of text stands for; a string where it stands for nothing else that the schema asks for.
    func value(of text: String) -> JSON {
        if let choice = choices.first(where: { $0.string == text }) ?? choices.first(where: { $0.text == text }) {
            return choice
        }
        if types.contains("integer") || types.contains("number"), let value = try? JSON.parse(text), value.number != nil
        {
            return value
        }
        if types.contains("boolean"), text == "true" || text == "false" { return .bool(text == "true") }
        if types.contains("null"), !types.contains("string"), text.isEmpty || text == "null" { return .null }
        return .string(text)
    }

    func array(of texts: [String]) -> JSON { .array(texts.map(element.value)) }

    /// An object of name and text pairs; a name that stands more than once is an array where its property is one.
    func object(of pairs: [(name: String, value: String)]) -> JSON {
        var object = JSONObject()
        for (name, text) in pairs {
            let shape = properties[name] ?? .text
            if shape.isArray {
                object[name] = .array((object[name]?.array ?? []) + [shape.element.value(of: text)])
            } else if !object.contains(name) {
                object[name] = shape.value(of: text)
            }
        }
        return .object(object)
    }
}
