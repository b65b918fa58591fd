package import Domain
package import JSON

extension MatchDefinition {
    private static let maximalNames = 100

    /// Reads `{query, headers, cookies: {name: P}, body: P}`; nil when anything is wrong, then `violations` has grown.
    package init?(json: JSON, at pointer: JSONPointer = .root, violations: Violations) {
        let before = violations.list.count
        guard
            let reader = ObjectReader(
                json, at: pointer, known: ["query", "headers", "cookies", "body"], violations: violations)
        else { return nil }
        self.init(
            query: Self.named(reader, "query"), headers: Self.named(reader, "headers", areHeaders: true),
            cookies: Self.named(reader, "cookies"),
            body: reader.value("body").flatMap { Predicate(json: $0, at: pointer / "body", violations: violations) })
        guard violations.list.count == before else { return nil }
    }

    private static func named(_ reader: ObjectReader, _ key: String, areHeaders: Bool = false) -> [NamedPredicate] {
        guard let object = reader.object(key) else { return [] }
        guard object.count <= maximalNames else {
            reader.refuse(key, "too_many", "must have at most \(maximalNames) members, has \(object.count)")
            return []
        }
        return object.compactMap { name, value in
            let pointer = reader.pointer / key / name
            if areHeaders, !HeaderRules.isToken(name) {
                reader.violations.add(pointer, "invalid_name", "is not a header name")
                return nil
            }
            return Predicate(json: value, at: pointer, violations: reader.violations).map {
                NamedPredicate(areHeaders ? name.lowercased() : name, $0)
            }
        }
    }

    /// The wire form, without the parts that are empty.
    package var json: JSON {
        var object: JSONObject = [:]
        for (key, list) in [("query", query), ("headers", headers), ("cookies", cookies)] where !list.isEmpty {
            object[key] = .object(JSONObject(list.map { ($0.name, $0.predicate.json) }))
        }
        if let body { object["body"] = body.json }
        return .object(object)
    }
}

extension Predicate {
    private static let fields = [
        "equals", "contains", "matches", "includes", "json_path", "absent", "not", "any", "all",
    ]

    /// How deep predicates may stand in each other.
    package static let maximalDepth = 16
    private static let maximalAlternatives = 100
    private static let maximalPatternLength = 1000

    /// Reads a string (equality) or an object of conditions that must all hold.
    ///
    /// Beside `json_path` the other conditions are about the nodes that it selects:
    /// `{"json_path": "$.total", "equals": 5}`.
    package init?(json: JSON, at pointer: JSONPointer = .root, violations: Violations) {
        self.init(json: json, at: pointer, depth: 1, violations: violations)
    }

    private init?(json: JSON, at pointer: JSONPointer, depth: Int, violations: Violations) {
        if case .string = json {
            self = .equals(json)
            return
        }
        guard case .object(let object) = json else {
            violations.add(
                pointer, "invalid_type",
                "must be a string or an object of conditions such as {\"equals\": …}, is \(json.typeName)")
            return nil
        }
        guard depth <= Self.maximalDepth else {
            violations.add(pointer, "too_deep", "must not be nested deeper than \(Self.maximalDepth) levels")
            return nil
        }
        let before = violations.list.count
        guard let reader = ObjectReader(json, at: pointer, known: Self.fields, violations: violations) else {
            return nil
        }
        let conditions = Self.conditions(reader, depth)
        let path = reader.string("json_path", length: 1...Self.maximalPatternLength)
        if let path { Self.check(path, reader) }
        if object.isEmpty { violations.add(pointer, "required", "must have a condition such as \"equals\"") }
        guard violations.list.count == before else { return nil }
        let combined: Predicate? = conditions.count > 1 ? .all(conditions) : conditions.first
        if let path {
            self = .jsonPath(path, combined)
        } else if let combined {
            self = combined
        } else {
            violations.add(pointer, "required", "must have a condition such as \"equals\"")
            return nil
        }
    }

    private static func conditions(_ reader: ObjectReader, _ depth: Int) -> [Predicate] {
        var list: [Predicate] = []
        // Here null is a value to compare with, not an absent member.
        if let value = reader.object["equals"] { list.append(.equals(value)) }
        if let text = reader.string("contains") { list.append(.contains(text)) }
        if let pattern = reader.string("matches", length: 0...maximalPatternLength) {
            do {
                _ = try RegularExpression(pattern)
                list.append(.matches(pattern))
            } catch {
                reader.refuse(
                    "matches", "invalid_pattern", "is not a regular expression that can be used: \(error.message)")
            }
        }
        if let value = reader.object["includes"] { list.append(.includes(value)) }
        if let value = reader.bool("absent") { list.append(value ? .absent : .not(.absent)) }
        if let value = reader.value("not") {
            let inner = Predicate(
                json: value, at: reader.pointer / "not", depth: depth + 1, violations: reader.violations)
            if let inner { list.append(.not(inner)) }
        }
        if let inner = alternatives(reader, "any", depth) { list.append(.any(inner)) }
        if let inner = alternatives(reader, "all", depth) { list.append(.all(inner)) }
        return list
    }

    private static func alternatives(_ reader: ObjectReader, _ key: String, _ depth: Int) -> [Predicate]? {
        reader.array(key, count: 1...maximalAlternatives)?.enumerated().compactMap { index, element in
            Predicate(
                json: element, at: reader.pointer / key / index, depth: depth + 1, violations: reader.violations)
        }
    }

    private static func check(_ path: String, _ reader: ObjectReader) {
        do {
            _ = try JSONPath(path)
        } catch {
            reader.refuse("json_path", "invalid_json_path", "is not a JSONPath query: \(error)")
        }
    }

    /// The wire form.
    package var json: JSON {
        if case .equals(.string(let text)) = self { return .string(text) }
        return .object(conditions)
    }

    private var conditions: JSONObject {
        switch self {
        case .equals(let value): ["equals": value]
        case .contains(let text): ["contains": .string(text)]
        case .matches(let pattern): ["matches": .string(pattern)]
        case .includes(let value): ["includes": value]
        case .absent: ["absent": true]
        case .not(let inner): ["not": inner.json]
        case .any(let list): ["any": .array(list.map(\.json))]
        case .all(let list): ["all": .array(list.map(\.json))]
        case .jsonPath(let path, let inner):
            Self.jsonPathConditions(path, inner)
        }
    }

    private static func jsonPathConditions(_ path: String, _ inner: Predicate?) -> JSONObject {
        var object: JSONObject = ["json_path": .string(path)]
        if case .jsonPath = inner {
            // Two queries cannot share one object.
            object["all"] = .array([inner?.json ?? .null])
        } else {
            for (key, value) in inner?.conditions ?? [:] { object[key] = value }
        }
        return object
    }
}
