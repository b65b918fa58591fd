package import Domain
package import JSON

extension RouteDefinition {
    private static let fields = ["name", "method", "path", "priority", "enabled", "match", "responses", "selection"]

    package static let priorities = -1_000_000...1_000_000
    package static let maximalResponses = 100
    /// Half of what a pattern may have: a mock's base path comes before it.
    private static let maximalPathLength = RoutePattern.maximalLength / 2
    private static let maximalPathSegments = RoutePattern.maximalSegments / 2
    package static let maximalNameLength = 200

    /// Reads the wire form and checks all of it: paths, regular expressions, JSONPath queries and templates are compiled.
    ///
    /// Nil when anything is wrong; then `violations` has grown.
    package init?(json: JSON, id: RouteID, at pointer: JSONPointer = .root, violations: Violations) {
        let before = violations.list.count
        guard let reader = ObjectReader(json, at: pointer, known: Self.fields, violations: violations) else {
            return nil
        }
        let methods = MethodSet(reader, "method")
        let path = Self.path(reader)
        let match = reader.value("match").map {
            MatchDefinition(json: $0, at: pointer / "match", violations: violations)
        }
        var responses: [ResponseDefinition] = []
        for (index, element) in (reader.array("responses", required: true, count: 1...Self.maximalResponses) ?? [])
            .enumerated()
        {
            let response = ResponseDefinition(json: element, at: pointer / "responses" / index, violations: violations)
            if let response { responses.append(response) }
        }
        self.init(
            id: id, name: reader.string("name", length: 0...Self.maximalNameLength) ?? "", methods: methods ?? .any,
            path: path ?? "/", priority: reader.integer("priority", in: Self.priorities) ?? 0,
            isEnabled: reader.bool("enabled") ?? true, match: (match ?? nil) ?? MatchDefinition(), responses: responses,
            selection: reader.choice("selection", Selection.self) ?? .firstMatch)
        guard violations.list.count == before else { return nil }
    }

    private static func path(_ reader: ObjectReader) -> String? {
        guard let path = reader.string("path", required: true, length: 1...maximalPathLength) else {
            return nil
        }
        do {
            let count = try RoutePattern(path).segments.count
            if count <= maximalPathSegments { return path }
            reader.refuse("path", "invalid_path", "must have at most \(maximalPathSegments) segments, has \(count)")
        } catch {
            reader.refuse("path", "invalid_path", error.message)
        }
        return nil
    }

    /// The wire form, complete with defaults. The id and the operation are not part of it.
    package var json: JSON {
        [
            "name": .string(name), "method": methods.json, "path": .string(path), "priority": JSON(priority),
            "enabled": JSON(isEnabled), "match": match.json, "responses": .array(responses.map(\.json)),
            "selection": .string(selection.rawValue),
        ]
    }
}

extension MethodSet {
    private static let maximalMethods = 20
    private static let maximalMethodLength = 30

    /// One method, a list of methods, or `ANY`; written in any case. Nil, with a violation, for anything else.
    init?(_ reader: ObjectReader, _ key: String) {
        guard let value = reader.value(key, required: true) else { return nil }
        let elements: [JSON]
        switch value {
        case .string: elements = [value]
        case .array(let list):
            guard (1...Self.maximalMethods).contains(list.count) else {
                reader.refuse(
                    key, list.isEmpty ? "too_few" : "too_many", "must have 1 to \(Self.maximalMethods) methods")
                return nil
            }
            elements = list
        default:
            reader.refuse(key, "invalid_type", "must be a method such as \"GET\", a list of methods, or \"ANY\"")
            return nil
        }
        var names: [String] = []
        for (index, element) in elements.enumerated() {
            guard let name = element.string, HeaderRules.isToken(name), name.utf8.count <= Self.maximalMethodLength
            else {
                let pointer = reader.pointer / key
                reader.violations.add(
                    value.array == nil ? pointer : pointer / index, "invalid_value",
                    "must be a method such as \"GET\", or \"ANY\"")
                return nil
            }
            let method = name.uppercased()
            if !names.contains(method) { names.append(method) }
        }
        self = names.contains("ANY") ? .any : .some(names)
    }

    /// A string for one method, a list for several, `ANY` for all.
    package var json: JSON {
        switch self {
        case .any: "ANY"
        case .some(let methods):
            methods.count == 1 ? .string(methods[0]) : .array(methods.map { .string($0) })
        }
    }
}

extension OperationReference {
    /// Reads `{path, method}`, as `RouteRecord.origin` keeps it.
    package init?(json: JSON) {
        guard let path = json["path"]?.string, let method = json["method"]?.string else { return nil }
        self.init(path: path, method: method)
    }

    package var json: JSON { ["path": .string(path), "method": .string(method)] }
}
