import Crypto
import Domain
import JSON
import MockEngine

/// The text that a mock was imported from: where it is kept and what the mock's `source` says of it.
struct ImportedSource: Sendable {
    let bytes: [UInt8]
    let sha256: String
    /// Fresh for each import, so that whoever replaces or gives up a text never removes one that another import stored.
    let objectKey: String

    init(_ bytes: [UInt8], of mock: MockID, in workspace: WorkspaceID, from surroundings: Surroundings) {
        self.bytes = bytes
        sha256 = Hexadecimal.text(SHA256.hash(data: bytes))
        objectKey = "\(Self.prefix(workspace, mock))/\(sha256)-\(String(surroundings.random(), radix: 36))"
    }

    /// Where everything is kept that rows name; what is elsewhere belongs to somebody else.
    static let root = "workspaces/"

    /// Where the texts of a workspace's mocks are kept.
    static func prefix(_ workspace: WorkspaceID) -> String { "\(root)\(workspace)" }

    static func prefix(_ workspace: WorkspaceID, _ mock: MockID) -> String {
        "\(prefix(workspace))/mocks/\(mock)"
    }

    /// The `source` of the mock's row.
    func json(_ imported: ImportedMock, at now: Timestamp) -> JSON {
        [
            "format": .string(imported.format), "title": .string(imported.name), "version": .string(imported.version),
            "object_key": .string(objectKey), "sha256": .string(sha256), "size": JSON(bytes.count),
            "imported_at": .string(now.rfc3339),
        ]
    }
}
