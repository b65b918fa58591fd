import JSON

/// The documents that schemas may point into, with the identifiers they declare. Immutable once made.
struct SchemaDocuments: Sendable {
    struct Document: Sendable {
        let root: JSON
        let dialect: SchemaDialect
        var rootResource = 0
        var declaresIdentifiers = false
    }

    /// The part of a document under one identifier: references inside are relative to `base`.
    struct Resource: Sendable {
        let base: URIReference
        let location: SchemaLocation
        /// False when the meta-schema leaves the validation vocabulary out.
        let validates: Bool
    }

    private struct Anchor: Hashable {
        var resource: Int
        var name: String
    }

    private(set) var documents: [Document] = []
    private(set) var resources: [Resource] = []
    private var resourcesByURI: [String: Int] = [:]
    private var resourcesByLocation: [SchemaLocation: Int] = [:]
    private var anchors: [Anchor: SchemaLocation] = [:]
    private var dynamicAnchors: [Anchor: SchemaLocation] = [:]

    /// The first document is the one that plain pointers lead into.
    init(_ sources: [(uri: String, root: JSON)], dialect: SchemaDialect) {
        var metaSchemas: [String: JSON] = [:]
        for source in sources { metaSchemas[URIReference(source.uri).absolute] = source.root }
        for (index, source) in sources.enumerated() {
            let base = URIReference(source.uri)
            let dialect = Self.dialect(declaredBy: source.root) ?? dialect
            documents.append(Document(root: source.root, dialect: dialect))
            let location = SchemaLocation(document: index, pointer: .root)
            let resource = resources.count
            documents[index].rootResource = resource
            resourcesByURI[base.absolute] = resource
            var rootBase = base
            if let text = identifier(of: source.root, dialect: dialect), !text.hasPrefix("#") {
                rootBase = URIReference(text).resolved(against: base)
                resourcesByURI[rootBase.absolute] = resource
            }
            let vocabularies = source.root["$schema"]?.string.flatMap {
                metaSchemas[URIReference($0).absolute]?["$vocabulary"]?.object
            }
            let validates = vocabularies.map { $0.keys.contains { $0.hasSuffix("/vocab/validation") } } ?? true
            resources.append(Resource(base: rootBase, location: location, validates: validates))
            resourcesByLocation[location] = resource
            scan(source.root, at: location, resource: resource, dialect: dialect)
        }
    }

    func json(at location: SchemaLocation) -> JSON? {
        documents[location.document].root[location.pointer]
    }

    /// The resource that begins exactly at `location`.
    func resource(startingAt location: SchemaLocation) -> Int? {
        documents[location.document].declaresIdentifiers ? resourcesByLocation[location] : nil
    }

    /// The resource that `location` lies in.
    func resource(containing location: SchemaLocation) -> Int {
        guard documents[location.document].declaresIdentifiers else { return documents[location.document].rootResource }
        var place = location
        while true {
            if let resource = resourcesByLocation[place] { return resource }
            if place.pointer.tokens.isEmpty { return documents[location.document].rootResource }
            place.pointer.tokens.removeLast()
        }
    }

    /// Where `reference`, written in `resource`, leads; nil where to nothing known.
    func location(of reference: String, from resource: Int) -> SchemaLocation? {
        let fragment: String
        let target: Int
        if reference.hasPrefix("#") {
            fragment = String(reference.dropFirst())
            target = resource
        } else {
            let uri = URIReference(reference).resolved(against: resources[resource].base)
            guard let found = resourcesByURI[uri.absolute] else { return nil }
            fragment = uri.fragment ?? ""
            target = found
        }
        guard let fragment = URIReference.percentDecoded(fragment) else { return nil }
        var location = resources[target].location
        if fragment.isEmpty { return location }
        if fragment.hasPrefix("/") {
            guard let pointer = JSONPointer(fragment) else { return nil }
            location.pointer.tokens += pointer.tokens
            return json(at: location) == nil ? nil : location
        }
        return anchors[Anchor(resource: target, name: fragment)]
    }

    /// The schema that carries `$dynamicAnchor` with this name in `resource`.
    func dynamicAnchor(_ name: String, in resource: Int) -> SchemaLocation? {
        dynamicAnchors[Anchor(resource: resource, name: name)]
    }

    private static func dialect(declaredBy root: JSON) -> SchemaDialect? {
        guard let schema = root["$schema"]?.string else { return nil }
        if schema.contains("draft-04") { return .draft4 }
        return schema.contains("2020-12") ? .draft2020 : nil
    }

    private func identifier(of schema: JSON, dialect: SchemaDialect) -> String? {
        guard let keyword = dialect.identifierKeyword, let text = schema[keyword]?.string else { return nil }
        if dialect.referenceHidesSiblings, schema["$ref"]?.string != nil { return nil }
        return text
    }

    // MARK: Finding identifiers

    private mutating func scan(_ root: JSON, at location: SchemaLocation, resource: Int, dialect: SchemaDialect) {
        guard dialect.identifierKeyword != nil else { return }
        if root["openapi"] != nil || root["swagger"] != nil {
            // The rest of a description is not made of schemas, and its members may be called anything.
            for path in [["components", "schemas"], ["definitions"]] {
                let place = JSONPointer(path)
                guard let schemas = root[place]?.object else { continue }
                for (name, schema) in schemas {
                    let inner = SchemaLocation(document: location.document, pointer: place / name)
                    visit(schema, at: inner, resource: resource, dialect: dialect)
                }
            }
        } else {
            visit(root, at: location, resource: resource, dialect: dialect)
        }
    }

    private mutating func visit(
        _ schema: JSON, at location: SchemaLocation, resource: Int, dialect: SchemaDialect
    ) {
        guard let object = schema.object else { return }
        var resource = resource
        if let text = identifier(of: schema, dialect: dialect) {
            if text.hasPrefix("#"), dialect == .draft4 {
                anchors[Anchor(resource: resource, name: String(text.dropFirst()))] = location
            } else if resourcesByLocation[location] == nil, !text.hasPrefix("#") {
                let outer = resources[resource]
                let base = URIReference(text).resolved(against: outer.base)
                resource = resources.count
                resources.append(Resource(base: base, location: location, validates: outer.validates))
                if resourcesByURI[base.absolute] == nil { resourcesByURI[base.absolute] = resource }
                resourcesByLocation[location] = resource
                documents[location.document].declaresIdentifiers = true
            }
        }
        if dialect == .draft2020 {
            if let name = object["$anchor"]?.string { anchors[Anchor(resource: resource, name: name)] = location }
            if let name = object["$dynamicAnchor"]?.string {
                anchors[Anchor(resource: resource, name: name)] = location
                dynamicAnchors[Anchor(resource: resource, name: name)] = location
            }
        }
        for (key, value) in object {
            switch key {
            case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies":
                for (name, inner) in value.object ?? [:] {
                    visit(inner, at: location / key / name, resource: resource, dialect: dialect)
                }
            case "allOf", "anyOf", "oneOf", "prefixItems":
                for (index, inner) in (value.array ?? []).enumerated() {
                    visit(inner, at: location / key / String(index), resource: resource, dialect: dialect)
                }
            case "items" where value.array != nil:
                for (index, inner) in (value.array ?? []).enumerated() {
                    visit(inner, at: location / key / String(index), resource: resource, dialect: dialect)
                }
            case "items", "additionalItems", "additionalProperties", "not", "if", "then", "else", "contains",
                "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema":
                visit(value, at: location / key, resource: resource, dialect: dialect)
            default: break
            }
        }
    }
}

extension SchemaLocation {
    static func / (location: SchemaLocation, token: String) -> SchemaLocation {
        SchemaLocation(document: location.document, pointer: location.pointer / token)
    }
}
