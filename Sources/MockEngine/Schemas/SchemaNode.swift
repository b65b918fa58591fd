import JSON

/// One compiled schema. A tree: sub-schemas are owned; what `$ref` names is owned by the `SchemaStore`, so that recursion
/// makes no cycle of ownership.
///
/// Written only while it is compiled, under the store's lock, and never after it has been handed out.
final class SchemaNode: @unchecked Sendable {
    /// The schema's place in its document, for messages.
    let location: SchemaLocation
    /// The schema resource (the part under one `$id`) that it belongs to.
    let resource: Int

    /// The verdict of `true` and `false` as schemas.
    var verdict: Bool?
    /// OpenAPI 3.0: null is valid whatever else is said.
    var isNullable = false
    var types: TypeSet?
    /// `enum`, or the one value of `const`.
    var allowed: AllowedValues?
    var number: NumberRules?
    var string: StringRules?
    var array: ArrayRules?
    var object: ObjectRules?
    var inPlace: [Applicator] = []
    var unevaluatedItems: SchemaNode?
    var unevaluatedProperties: SchemaNode?
    var annotations = Annotations()

    /// Whether this schema must know which members and elements others have looked at.
    var tracksEvaluation: Bool { unevaluatedItems != nil || unevaluatedProperties != nil }

    init(location: SchemaLocation, resource: Int) {
        self.location = location
        self.resource = resource
    }
}

/// A place in one of the documents that a store knows.
struct SchemaLocation: Hashable, Sendable {
    var document: Int
    var pointer: JSONPointer
}

/// The JSON types that a value may have.
struct TypeSet: OptionSet, Sendable {
    let rawValue: UInt8

    static let null = TypeSet(rawValue: 1)
    static let boolean = TypeSet(rawValue: 2)
    static let integer = TypeSet(rawValue: 4)
    static let number = TypeSet(rawValue: 8)
    static let string = TypeSet(rawValue: 16)
    static let array = TypeSet(rawValue: 32)
    static let object = TypeSet(rawValue: 64)
    static let all: TypeSet = [.null, .boolean, .integer, .number, .string, .array, .object]

    static let names: [(name: String, type: TypeSet)] = [
        ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number), ("string", .string),
        ("array", .array), ("object", .object),
    ]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
        guard let entry = Self.names.first(where: { $0.name == name }) else { return nil }
        self = entry.type
    }

    /// `string or null`.
    var description: String {
        Self.names.filter { contains($0.type) }.map(\.name).joined(separator: " or ")
    }
}

struct AllowedValues: Sendable {
    let values: [JSON]
    let isConst: Bool
    /// For long lists only.
    private let index: Set<JSON>?

    init(_ values: [JSON], isConst: Bool = false) {
        self.values = values
        self.isConst = isConst
        index = values.count > 16 ? Set(values) : nil
    }

    func contains(_ value: JSON) -> Bool {
        if let index { index.contains(value) } else { values.contains(value) }
    }
}

struct NumberRules: Sendable {
    struct Bound: Sendable {
        var value: JSONNumber
        var isExclusive: Bool
    }

    var minimum: Bound?
    var maximum: Bound?
    var multipleOf: JSONNumber?
    var format: NumberFormat?
}

struct StringRules: Sendable {
    var minimumLength = 0
    var maximumLength: Int?
    var patterns: [RegularExpression] = []
    var format: StringFormat?
    /// False where `format` is only a hint.
    var assertsFormat = false
}

struct ArrayRules: Sendable {
    var prefix: [SchemaNode] = []
    var items: SchemaNode?
    var minimumCount = 0
    var maximumCount: Int?
    var isUnique = false
    var contains: SchemaNode?
    var minimumContains = 1
    var maximumContains: Int?
}

struct ObjectRules: Sendable {
    var properties = NameTable()
    var patterns: [(expression: RegularExpression, node: SchemaNode)] = []
    var additional: SchemaNode?
    var names: SchemaNode?
    var required: [String] = []
    var minimumCount = 0
    var maximumCount: Int?
    var dependentRequired: [(name: String, required: [String])] = []
    var dependentSchemas: [(name: String, node: SchemaNode)] = []
}

/// Sub-schemas by property name.
struct NameTable: Sendable {
    private(set) var names: [String] = []
    private(set) var nodes: [SchemaNode] = []
    private var positions: [String: Int] = [:]

    mutating func append(_ name: String, _ node: SchemaNode) {
        positions[name] = names.count
        names.append(name)
        nodes.append(node)
    }

    subscript(name: String) -> SchemaNode? {
        guard let position = positions[name] else { return nil }
        // The dictionary takes canonically equal names for one; JSON does not.
        if names[position].isSpelled(like: name) { return nodes[position] }
        return names.firstIndex { $0.isSpelled(like: name) }.map { nodes[$0] }
    }
}

/// A keyword that applies schemas to the same value.
enum Applicator: Sendable {
    case reference(Reference)
    case dynamicReference(Reference, anchor: String)
    case all([SchemaNode])
    case any([SchemaNode])
    case one([SchemaNode])
    case not(SchemaNode)
    case conditional(if: SchemaNode, then: SchemaNode?, else: SchemaNode?)
}

/// A `$ref`: the target is kept alive by the store.
final class Reference: @unchecked Sendable {
    unowned(unsafe) var target: SchemaNode

    init(_ target: SchemaNode) { self.target = target }
}

/// What a schema says about a value without constraining it.
struct Annotations: Sendable {
    var title: String?
    /// In the order in which they should be tried.
    var examples: [JSON] = []
    var defaultValue: JSON?
    var isReadOnly = false
    var isWriteOnly = false
}
