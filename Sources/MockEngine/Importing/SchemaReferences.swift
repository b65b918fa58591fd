import JSON

/// Looks at every `$ref` in the schemas of a description: the ones that lead out of the file or nowhere are told to the author.
struct SchemaReferences {
    /// Members whose value is data, not description.
    private static let data: Set<String> = ["const", "default", "enum", "example", "examples", "value"]
    /// Members whose value maps names to descriptions, so that a name is never a keyword.
    private static let maps: Set<String> = [
        "$defs", "callbacks", "content", "definitions", "dependentSchemas", "encoding", "headers", "links",
        "parameters",
        "paths", "pathItems", "patternProperties", "properties", "requestBodies", "responses", "schemas", "webhooks",
    ]

    private let root: JSON
    private let findings: ImportFindings
    /// Where the walk stands; one array for the whole walk, since a large file has a hundred thousand places.
    private var path: [String] = []

    init(root: JSON, findings: ImportFindings) {
        self.root = root
        self.findings = findings
    }

    mutating func check() { visit(root, isMap: false) }

    private mutating func visit(_ value: JSON, isMap: Bool) {
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() { descend(String(index), element, isMap: false) }
        case .object(let object):
            for (key, member) in object {
                if isMap {
                    descend(key, member, isMap: false)
                } else if key == "$ref", let reference = member.string {
                    check(reference)
                } else if !Self.data.contains(key), !key.hasPrefix("x-") {
                    descend(key, member, isMap: Self.maps.contains(key))
                }
            }
        default: break
        }
    }

    private mutating func descend(_ token: String, _ value: JSON, isMap: Bool) {
        guard value.object != nil || value.array != nil else { return }
        path.append(token)
        visit(value, isMap: isMap)
        path.removeLast()
    }

    private func check(_ reference: String) {
        // The structural ones were followed, and noted, by whoever needed them.
        guard path.contains("schema") || path.starts(with: ["components", "schemas"]) else { return }
        if !reference.hasPrefix("#") {
            findings.note(.external(reference), at: JSONPointer(path))
        } else if reference.hasPrefix("#/"), let pointer = ReferenceResolver.localPointer(reference),
            root[pointer] == nil
        {
            findings.warn(
                JSONPointer(path), "unresolved_reference",
                "refers to \"\(reference)\", which is not in the file; nothing can be made of it")
        }
    }
}
