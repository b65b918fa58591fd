import JSON

/// Gives the headers of a described response a value.
struct HeaderImporter {
    /// Beside those that only the server may set: what the media type says, and the clock.
    private static let managed = HeaderRules.reserved.union(["content-type", "date"])
    /// One place is kept for `content-type`.
    private static let limit = ResponseDefinition.maximalHeaders - 1

    let references: ReferenceResolver
    let findings: ImportFindings

    /// Names in lower case; a header for which no simple value is known is left out.
    func fields(_ headers: JSONObject, at place: JSONPointer) -> [HeaderField] {
        headers.keys.prefix(Self.limit).compactMap { key in
            let name = key.lowercased()
            guard !Self.managed.contains(name), let header = resolve(place / key) else { return nil }
            guard HeaderRules.isToken(name) else {
                findings.warn(place / key, "header_ignored", "\"\(key)\" is no header name")
                return nil
            }
            guard let value = value(of: header) else { return nil }
            guard HeaderRules.isValue(value), value.utf8.count <= ResponseDefinition.maximalHeaderLength else {
                findings.warn(
                    place / key, "header_ignored", "the value of \"\(key)\" is too long or has a control character")
                return nil
            }
            return HeaderField(name, value)
        }
    }

    private func resolve(_ place: JSONPointer) -> ReferenceResolver.Target? {
        do {
            return try references.resolve(place)
        } catch {
            findings.note(error, at: place)
            return nil
        }
    }

    private func value(of header: ReferenceResolver.Target) -> String? {
        if let example = header.object["example"] { return Self.simple(example) }
        for key in header.object["examples"]?.object?.keys ?? [] {
            let target = try? references.resolve(header.pointer / "examples" / key)
            if let value = target?.object["value"] { return Self.simple(value) }
        }
        guard let schema = resolve(header.pointer / "schema") else { return nil }
        return Self.value(of: schema.object)
    }

    private static func value(of schema: JSONObject) -> String? {
        for candidate in [
            schema["example"], schema["examples"]?[0], schema["default"], schema["const"], schema["enum"]?[0],
        ] {
            if let candidate { return simple(candidate) }
        }
        switch schema["type"]?.string ?? schema["type"]?[0]?.string {
        case "integer", "number":
            return (schema["minimum"] ?? schema["maximum"])?.number?.literal ?? "0"
        case "boolean":
            return "true"
        case "string" where schema["pattern"] == nil && schema["minLength"] == nil:
            return text(format: schema["format"]?.string)
        default:
            return nil
        }
    }

    private static func text(format: String?) -> String? {
        switch format {
        case nil: "text"
        case "date-time": "2026-01-15T09:30:00Z"
        case "date": "2026-01-15"
        case "uuid": "5f0c7a52-6a3e-4c1b-9d0e-2b8f4a1c6d37"
        case "uri", "url", "uri-reference": "https://example.com/"
        case "email": "someone@example.com"
        default: nil
        }
    }

    /// A value in style `simple`.
    private static func simple(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .array(let elements): elements.map(simple).joined(separator: ",")
        case .object(let object): object.map { "\($0.key),\(simple($0.value))" }.joined(separator: ",")
        default: value.text
        }
    }
}
