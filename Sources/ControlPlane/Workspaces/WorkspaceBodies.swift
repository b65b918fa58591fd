import Domain
import JSON
import MockEngine
import Persistence

extension WorkspaceRecord {
    /// The body of the API; settings are complete, whatever was written.
    var json: JSON {
        [
            "id": .string(id.text), "slug": .string(slug.text), "name": .string(name),
            "description": .string(description), "is_default": .bool(isDefault),
            "settings": WorkspaceSettings(stored: settings).json, "created_at": .string(createdAt.rfc3339),
            "updated_at": .string(updatedAt.rfc3339),
        ]
    }
}

/// What a client says of a new workspace.
struct WorkspaceDraft: Sendable {
    private static let fields = ["name", "slug", "description", "settings"]

    var name = ""
    var slug: Slug?
    var description = ""
    var settings = WorkspaceSettings()

    init(_ body: JSON, _ violations: Violations) {
        guard let reader = ObjectReader(body, known: Self.fields, violations: violations) else { return }
        name = reader.name("name", required: true) ?? ""
        description = reader.string("description", length: 0...1000) ?? ""
        slug = Self.slug(reader) ?? Slug(slugifying: name)
        if let json = reader.value("settings") {
            settings = WorkspaceSettings(json: json, at: JSONPointer(["settings"]), violations: violations) ?? settings
        }
        if slug == nil, !name.isEmpty, violations.list.isEmpty {
            reader.refuse("slug", "required", "is required, since \"name\" has no letter or digit to make one of")
        }
    }

    func record(id: WorkspaceID, at now: Timestamp) throws(Problem) -> WorkspaceRecord {
        guard let slug else { throw Problem.invalid([]) }
        return WorkspaceRecord(
            id: id, slug: slug, name: name, description: description, isDefault: false, settings: settings.json,
            createdAt: now, updatedAt: now)
    }

    /// Merges a patch (RFC 7396) into a stored workspace; `null` sets a field back to its default.
    static func apply(_ patch: JSON, to record: inout WorkspaceRecord, _ violations: Violations) {
        guard let reader = ObjectReader(patch, known: fields, violations: violations) else { return }
        for field in ["name", "slug"] where reader.isNull(field) {
            reader.refuse(field, "required", "cannot be removed")
        }
        if let name = reader.name("name") { record.name = name }
        if let slug = slug(reader) { record.slug = slug }
        if reader.isNull("description") { record.description = "" }
        if let description = reader.string("description", length: 0...1000) { record.description = description }
        if reader.isNull("settings") { record.settings = WorkspaceSettings().json }
        if let change = reader.value("settings") {
            let merged = WorkspaceSettings(stored: record.settings).json.merging(change)
            if let settings = WorkspaceSettings(json: merged, at: JSONPointer(["settings"]), violations: violations) {
                record.settings = settings.json
            }
        }
    }

    private static func slug(_ reader: ObjectReader) -> Slug? {
        guard let text = reader.string("slug") else { return nil }
        guard let slug = Slug(text) else {
            reader.refuse(
                "slug", "invalid_format",
                "must be 1 to 40 lower-case letters, digits and single inner hyphens, such as \"staging\"")
            return nil
        }
        return slug
    }
}
