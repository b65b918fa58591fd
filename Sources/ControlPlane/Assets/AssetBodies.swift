import Domain
import HTTPTypes
import JSON
import Persistence

extension AssetRecord {
    var address: String { "/api/v1/workspaces/\(workspaceID)/assets/\(id)" }

    var json: JSON {
        [
            "id": .string(id.text), "workspace_id": .string(workspaceID.text), "name": .string(name),
            "content_type": .string(contentType), "bytes": JSON(size), "sha256": .string(sha256),
            "created_at": .string(createdAt.rfc3339),
        ]
    }
}

/// Reading what a client says of an asset.
enum AssetBody {
    static let nameLengths = 1...200
    private static let contentTypeLengths = 1...200

    /// The name in the query.
    ///
    /// - Throws: every violation of name and content type.
    static func name(_ context: TenantContext, _ file: IncomingFile) throws(Problem) -> String {
        let query = context.request.query
        let violations = query.violations()
        let name = query["name"] ?? ""
        if !query.contains("name") {
            query.refuse("name", "required", "is required", violations)
        } else if !nameLengths.contains(name.count) {
            query.refuse("name", "invalid_length", "must have 1 to 200 characters", violations)
        } else if name.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }) {
            query.refuse("name", "invalid_format", "must not have control characters", violations)
        } else if AssetID(name) != nil {
            query.refuse("name", "invalid_format", "must not look like the id of an asset", violations)
        }
        if !isMediaType(file.contentType) {
            violations.add(
                Violation(
                    pointer: "header:Content-Type", code: file.contentType.isEmpty ? "required" : "invalid_format",
                    message: "must be a media type such as image/png"))
        }
        try violations.throwIfAny()
        return name
    }

    /// `type/subtype` with or without parameters (RFC 9110, section 8.3.1), in ASCII.
    private static func isMediaType(_ text: String) -> Bool {
        guard contentTypeLengths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            return false
        }
        let parts = text.prefix { $0 != ";" && $0 != " " }.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { HTTPField.Name(String($0)) != nil }
    }
}
