import Domain
import JSON
import MockEngine
import Persistence

extension MockRecord {
    /// The body of the API. Where the imported text is kept is nobody's business but ours.
    var json: JSON {
        [
            "id": .string(id.text), "workspace_id": .string(workspaceID.text), "name": .string(name),
            "base_path": .string(basePath), "source": source.isNull ? .null : source.merging(["object_key": nil]),
            "enabled": .bool(isEnabled), "created_at": .string(createdAt.rfc3339),
            "updated_at": .string(updatedAt.rfc3339),
        ]
    }
}

/// What a client says of a new mock.
struct MockDraft: Sendable {
    private static let fields = ["name", "base_path", "enabled"]

    var name = ""
    var basePath = ""
    var isEnabled = true

    init(_ body: JSON, _ violations: Violations) {
        guard let reader = ObjectReader(body, known: Self.fields, violations: violations) else { return }
        name = reader.name("name", required: true) ?? ""
        basePath = Self.basePath(reader) ?? ""
        isEnabled = reader.bool("enabled") ?? true
    }

    func record(id: MockID, in workspace: WorkspaceID, at now: Timestamp) -> MockRecord {
        MockRecord(
            id: id, workspaceID: workspace, name: name, basePath: basePath, source: .null, isEnabled: isEnabled,
            createdAt: now, updatedAt: now)
    }

    /// Merges a patch (RFC 7396) into a stored mock; `null` sets a field back to its default.
    static func apply(_ patch: JSON, to record: inout MockRecord, _ violations: Violations) {
        guard let reader = ObjectReader(patch, known: fields, violations: violations) else { return }
        if reader.isNull("name") { reader.refuse("name", "required", "cannot be removed") }
        if let name = reader.name("name") { record.name = name }
        if reader.isNull("base_path") { record.basePath = "" }
        if let basePath = basePath(reader) { record.basePath = basePath }
        if reader.isNull("enabled") { record.isEnabled = true }
        if let isEnabled = reader.bool("enabled") { record.isEnabled = isEnabled }
    }

    private static func basePath(_ reader: ObjectReader) -> String? {
        guard let text = reader.string("base_path", length: 0...500) else { return nil }
        guard let path = BasePath.normalise(text) else {
            reader.refuse("base_path", "invalid_format", BasePath.advice)
            return nil
        }
        return path
    }
}

/// The path before all routes of a mock: empty, or `/` and literal segments without a slash at the end.
enum BasePath {
    static let advice = "must be empty or a path of plain segments such as \"/api/v1\", without parameters or \"*\""

    static func normalise(_ text: String) -> String? {
        if text.isEmpty || text == "/" { return "" }
        guard text.utf8.count <= 500, !text.contains(where: { "{}*?#".contains($0) }),
            var path = try? RequestPath.normalise(text)
        else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        // A route's own path needs the other half of the segments that a pattern may have.
        guard path.split(separator: "/").count <= RoutePattern.maximalSegments / 2 else { return nil }
        return path
    }
}
