import JSON

/// Turns the JSON of schemas into nodes. What `$ref` names waits in a queue instead of being followed at once, so that
/// neither recursion nor a long chain of references can exhaust the stack.
struct SchemaCompiler {
    private let documents: SchemaDocuments
    private let formats: FormatPolicy
    /// Targets of references and entry points, by place.
    private(set) var nodes: [SchemaLocation: SchemaNode] = [:]
    private(set) var warnings: [SchemaWarning] = []
    private var added: [SchemaLocation] = []
    private var pending: [(node: SchemaNode, json: JSON)] = []
    private var count = 0
    /// The names that `$dynamicRef` asks for, and the resources that validation can enter: for each pair the schema, if
    /// there is one, must be ready.
    private(set) var dynamicNames: Set<String> = []
    private var enteredResources: Set<Int> = []

    /// Schemas, sub-schemas included, that one set may hold.
    private static let countLimit = 500_000
    private static let depthLimit = 200
    private static let warningLimit = 100

    init(documents: SchemaDocuments, formats: FormatPolicy) {
        self.documents = documents
        self.formats = formats
    }

    /// The node for a schema in one of the documents, complete with all it refers to.
    mutating func compile(at location: SchemaLocation) throws(SchemaError) -> SchemaNode {
        let node = try target(at: location)
        try finish()
        return node
    }

    /// The node for a schema that stands in no document; its references lead into the first one.
    mutating func compile(_ json: JSON) throws(SchemaError) -> SchemaNode {
        let location = SchemaLocation(document: 0, pointer: .root)
        let node = SchemaNode(location: location, resource: documents.documents[0].rootResource)
        try fill(node, from: json, isInline: true, depth: 0)
        try finish()
        return node
    }

    /// Drops what a failed compilation has left half made.
    mutating func abandon() {
        for location in added { nodes[location] = nil }
        added = []
        pending = []
    }

    private mutating func finish() throws(SchemaError) {
        repeat {
            while let next = pending.popLast() { try fill(next.node, from: next.json, isInline: false, depth: 0) }
            for name in dynamicNames {
                for resource in enteredResources {
                    if let location = documents.dynamicAnchor(name, in: resource) { _ = try target(at: location) }
                }
            }
        } while !pending.isEmpty
        added = []
    }

    private mutating func target(at location: SchemaLocation) throws(SchemaError) -> SchemaNode {
        if let node = nodes[location] { return node }
        guard let json = documents.json(at: location) else {
            throw SchemaError(location.pointer, "there is nothing at this place in the document")
        }
        let node = SchemaNode(location: location, resource: documents.resource(containing: location))
        nodes[location] = node
        added.append(location)
        pending.append((node, json))
        return node
    }

    private mutating func reference(
        to text: String, from node: SchemaNode
    ) throws(SchemaError) -> (reference: Reference, location: SchemaLocation) {
        guard let location = documents.location(of: text, from: node.resource) else {
            throw SchemaError(node.location.pointer, "the reference '\(text)' leads nowhere")
        }
        return (Reference(try target(at: location)), location)
    }

    private mutating func warn(_ node: SchemaNode, _ message: String) {
        guard warnings.count < Self.warningLimit else { return }
        warnings.append(SchemaWarning(pointer: node.location.pointer, message: message))
    }

    // MARK: One schema

    /// Where children are made: what `child` needs to know of the schema being read.
    private struct Place {
        var node: SchemaNode
        var isInline: Bool
        var depth: Int
    }

    private mutating func child(_ json: JSON, of place: Place, _ tokens: String...) throws(SchemaError) -> SchemaNode {
        var location = place.node.location
        location.pointer.tokens += tokens
        let own = place.isInline ? nil : documents.resource(startingAt: location)
        let node = SchemaNode(location: location, resource: own ?? place.node.resource)
        try fill(node, from: json, isInline: place.isInline, depth: place.depth + 1)
        return node
    }

    private mutating func children(_ json: JSON, of place: Place, _ key: String) throws(SchemaError) -> [SchemaNode] {
        guard let elements = json.array else {
            warn(place.node, "'\(key)' must be an array of schemas; it is left out")
            return []
        }
        var nodes: [SchemaNode] = []
        for (index, element) in elements.enumerated() {
            nodes.append(try child(element, of: place, key, String(index)))
        }
        return nodes
    }

    private mutating func fill(
        _ node: SchemaNode, from json: JSON, isInline: Bool, depth: Int
    ) throws(SchemaError) {
        count += 1
        guard count <= Self.countLimit else {
            throw SchemaError(node.location.pointer, "the schemas are more than \(Self.countLimit) in all")
        }
        guard depth <= Self.depthLimit else {
            throw SchemaError(node.location.pointer, "schemas are nested deeper than \(Self.depthLimit) levels")
        }
        enteredResources.insert(node.resource)
        if let verdict = json.bool {
            node.verdict = verdict
            return
        }
        guard let object = json.object else {
            throw SchemaError(node.location.pointer, "a schema must be an object or a boolean, not \(json.typeName)")
        }
        let place = Place(node: node, isInline: isInline, depth: depth)
        let dialect = documents.documents[node.location.document].dialect
        if dialect.referenceHidesSiblings, let text = object["$ref"]?.string {
            node.inPlace.append(.reference(try reference(to: text, from: node).reference))
            return
        }
        var rules = Rules(validates: documents.resources[node.resource].validates)
        for (key, value) in object {
            try read(key, value, of: object, into: &rules, at: place, dialect: dialect)
        }
        rules.store(in: node)
    }

    /// The rules of one schema as they are collected.
    private struct Rules {
        var validates: Bool
        var number = NumberRules()
        var string = StringRules()
        var array = ArrayRules()
        var object = ObjectRules()
        var hasNumber = false
        var hasString = false
        var hasArray = false
        var hasObject = false

        func store(in node: SchemaNode) {
            if hasNumber { node.number = number }
            if hasString { node.string = string }
            if hasArray { node.array = array }
            if hasObject { node.object = object }
        }
    }

    private mutating func read(
        _ key: String, _ value: JSON, of object: JSONObject, into rules: inout Rules, at place: Place,
        dialect: SchemaDialect
    ) throws(SchemaError) {
        switch key {
        case "$ref", "$dynamicRef": try readReference(key, value, at: place)
        case "allOf", "anyOf", "oneOf", "not", "if": try readApplicator(key, value, of: object, at: place, dialect)
        case "properties", "patternProperties", "additionalProperties", "propertyNames", "dependentSchemas",
            "dependencies", "unevaluatedProperties":
            try readObjectApplicator(key, value, into: &rules, at: place, dialect)
        case "items", "prefixItems", "additionalItems", "contains", "unevaluatedItems":
            try readArrayApplicator(key, value, of: object, into: &rules, at: place, dialect)
        case "title": place.node.annotations.title = value.string
        case "default": place.node.annotations.defaultValue = value
        case "example": place.node.annotations.examples.insert(value, at: 0)
        case "examples": place.node.annotations.examples += value.array ?? []
        case "readOnly": place.node.annotations.isReadOnly = value.bool ?? false
        case "writeOnly": place.node.annotations.isWriteOnly = value.bool ?? false
        case "nullable": place.node.isNullable = dialect == .openAPI30 && value.bool == true
        default:
            if rules.validates { readAssertion(key, value, of: object, into: &rules, at: place, dialect) }
        }
    }

    // MARK: Applicators

    private mutating func readReference(_ key: String, _ value: JSON, at place: Place) throws(SchemaError) {
        guard let text = value.string else {
            // `properties` may well have a member of this name whose parent was taken for a schema.
            return warn(place.node, "'\(key)' must be a string; it is left out")
        }
        let (reference, location) = try reference(to: text, from: place.node)
        guard key == "$dynamicRef", let anchor = documents.json(at: location)?["$dynamicAnchor"]?.string,
            URIReference(text).fragment == anchor
        else {
            place.node.inPlace.append(.reference(reference))
            return
        }
        dynamicNames.insert(anchor)
        place.node.inPlace.append(.dynamicReference(reference, anchor: anchor))
    }

    private mutating func readApplicator(
        _ key: String, _ value: JSON, of object: JSONObject, at place: Place, _ dialect: SchemaDialect
    ) throws(SchemaError) {
        switch key {
        case "not": place.node.inPlace.append(.not(try child(value, of: place, key)))
        case "if":
            guard dialect == .draft2020 else { return }
            let condition = try child(value, of: place, key)
            var branches: [SchemaNode?] = []
            for key in ["then", "else"] {
                if let json = object[key] {
                    branches.append(try child(json, of: place, key))
                } else {
                    branches.append(nil)
                }
            }
            place.node.inPlace.append(.conditional(if: condition, then: branches[0], else: branches[1]))
        default:
            let nodes = try children(value, of: place, key)
            if nodes.isEmpty { return }
            place.node.inPlace.append(key == "allOf" ? .all(nodes) : key == "anyOf" ? .any(nodes) : .one(nodes))
        }
    }

    private mutating func readObjectApplicator(
        _ key: String, _ value: JSON, into rules: inout Rules, at place: Place, _ dialect: SchemaDialect
    ) throws(SchemaError) {
        if key == "unevaluatedProperties" {
            if dialect == .draft2020 { place.node.unevaluatedProperties = try child(value, of: place, key) }
            return
        }
        if key == "propertyNames" && dialect == .draft4 || key == "dependentSchemas" && dialect != .draft2020 { return }
        rules.hasObject = true
        switch key {
        case "additionalProperties": rules.object.additional = try child(value, of: place, key)
        case "propertyNames": rules.object.names = try child(value, of: place, key)
        default:
            guard let members = value.object else {
                return warn(place.node, "'\(key)' must be an object; it is left out")
            }
            for (name, json) in members {
                if key == "dependencies", let names = json.array {
                    rules.object.dependentRequired.append((name, names.compactMap(\.string)))
                    continue
                }
                let node = try child(json, of: place, key, name)
                switch key {
                case "properties": rules.object.properties.append(name, node)
                case "patternProperties":
                    if let expression = expression(name, at: place.node) {
                        rules.object.patterns.append((expression, node))
                    }
                default: rules.object.dependentSchemas.append((name, node))
                }
            }
        }
    }

    private mutating func readArrayApplicator(
        _ key: String, _ value: JSON, of object: JSONObject, into rules: inout Rules, at place: Place,
        _ dialect: SchemaDialect
    ) throws(SchemaError) {
        switch key {
        case "unevaluatedItems":
            if dialect == .draft2020 { place.node.unevaluatedItems = try child(value, of: place, key) }
            return
        case "items":
            rules.hasArray = true
            if dialect != .draft2020, value.array != nil {
                rules.array.prefix = try children(value, of: place, key)
            } else {
                rules.array.items = try child(value, of: place, key)
            }
        case "additionalItems":
            guard dialect != .draft2020, object["items"]?.array != nil else { return }
            rules.hasArray = true
            rules.array.items = try child(value, of: place, key)
        case "prefixItems":
            guard dialect == .draft2020 else { return }
            rules.hasArray = true
            rules.array.prefix = try children(value, of: place, key)
        default:
            guard dialect == .draft2020 else { return }
            rules.hasArray = true
            rules.array.contains = try child(value, of: place, key)
        }
    }

    // MARK: Assertions

    private mutating func readAssertion(
        _ key: String, _ value: JSON, of object: JSONObject, into rules: inout Rules, at place: Place,
        _ dialect: SchemaDialect
    ) {
        let node = place.node
        switch key {
        case "type":
            var types: TypeSet = []
            for name in value.array ?? [value] {
                guard let type = name.string.flatMap(TypeSet.init(name:)) else {
                    return warn(node, "there is no type \(name.text); 'type' is left out")
                }
                types.formUnion(type)
            }
            node.types = types
        case "enum":
            guard let values = value.array else { return warn(node, "'enum' must be an array; it is left out") }
            if node.allowed?.isConst != true { node.allowed = AllowedValues(values) }
        case "const" where dialect != .draft4:
            node.allowed = AllowedValues([value], isConst: true)
            if let values = object["enum"]?.array, !values.contains(value) { node.allowed = AllowedValues([]) }
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
            readNumberRule(key, value, of: object, into: &rules, at: node)
        case "format":
            guard let name = value.string else { return }
            if let format = StringFormat(rawValue: name) {
                rules.hasString = true
                rules.string.format = format
                rules.string.assertsFormat = formats == .assertion
            } else if let format = NumberFormat(rawValue: name), formats == .assertion {
                rules.hasNumber = true
                rules.number.format = format
            }
        case "pattern":
            guard let pattern = value.string, let expression = expression(pattern, at: node) else { return }
            rules.hasString = true
            rules.string.patterns.append(expression)
        case "uniqueItems":
            guard value.bool == true else { return }
            rules.hasArray = true
            rules.array.isUnique = true
        case "required":
            guard let names = value.array else {
                return warn(node, "'required' must be an array of names; it is left out")
            }
            rules.hasObject = true
            rules.object.required = names.compactMap(\.string)
        case "dependentRequired" where dialect == .draft2020:
            rules.hasObject = true
            for (name, names) in value.object ?? [:] {
                rules.object.dependentRequired.append((name, names.array?.compactMap(\.string) ?? []))
            }
        default: readCount(key, value, into: &rules, at: node, dialect)
        }
    }

    private mutating func readNumberRule(
        _ key: String, _ value: JSON, of object: JSONObject, into rules: inout Rules, at node: SchemaNode
    ) {
        // Draft 4 and OpenAPI 3.0 have exclusive bounds as flags beside the bound.
        if value.bool != nil, key.hasPrefix("exclusive") { return }
        guard let number = value.number else { return warn(node, "'\(key)' must be a number; it is left out") }
        rules.hasNumber = true
        switch key {
        case "multipleOf":
            guard number > JSONNumber(0) else {
                return warn(node, "'multipleOf' must be greater than 0; it is left out")
            }
            rules.number.multipleOf = number
        case "minimum", "exclusiveMinimum":
            let isExclusive = key == "exclusiveMinimum" || object["exclusiveMinimum"]?.bool == true
            let bound = NumberRules.Bound(value: number, isExclusive: isExclusive)
            if let other = rules.number.minimum, other.value > number || (other.value == number && other.isExclusive) {
                return
            }
            rules.number.minimum = bound
        default:
            let isExclusive = key == "exclusiveMaximum" || object["exclusiveMaximum"]?.bool == true
            let bound = NumberRules.Bound(value: number, isExclusive: isExclusive)
            if let other = rules.number.maximum, other.value < number || (other.value == number && other.isExclusive) {
                return
            }
            rules.number.maximum = bound
        }
    }

    private mutating func readCount(
        _ key: String, _ value: JSON, into rules: inout Rules, at node: SchemaNode, _ dialect: SchemaDialect
    ) {
        switch key {
        case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties": break
        case "minContains", "maxContains": if dialect != .draft2020 { return }
        default: return
        }
        guard let number = value.number, number.isIntegral, number >= JSONNumber(0) else {
            return warn(node, "'\(key)' must be a whole number, 0 or more; it is left out")
        }
        let count = number.integer ?? .max
        switch key {
        case "minLength": rules.string.minimumLength = count
        case "maxLength": rules.string.maximumLength = count
        case "minItems": rules.array.minimumCount = count
        case "maxItems": rules.array.maximumCount = count
        case "minContains": rules.array.minimumContains = count
        case "maxContains": rules.array.maximumContains = count
        case "minProperties": rules.object.minimumCount = count
        default: rules.object.maximumCount = count
        }
        switch key {
        case "minLength", "maxLength": rules.hasString = true
        case "minProperties", "maxProperties": rules.hasObject = true
        default: rules.hasArray = true
        }
    }

    private mutating func expression(_ pattern: String, at node: SchemaNode) -> RegularExpression? {
        do throws(PatternError) {
            return try RegularExpression(pattern)
        } catch {
            warn(node, "the pattern '\(pattern)' is left out: \(error)")
            return nil
        }
    }
}
