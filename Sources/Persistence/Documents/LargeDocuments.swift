package import Domain
package import JSON

/// Definitions of routes that are too large for a row, mostly for their bodies: the object store has them, and the row a
/// note of where.
package struct LargeDocuments: Sendable {
    /// Longest JSON text that stays in a row, in bytes.
    package static let threshold = 64 * 1024
    /// No definition has a member of this name.
    package static let member = "stored_in"
    /// The member of a response that names an asset.
    package static let assetMember = "body_asset"

    /// A row notes what is not there, or what is no document: a defect, or an object store that lost something.
    package struct Missing: Error, Sendable, CustomStringConvertible {
        let key: String

        package var description: String { "the definition \(key) is not in the object store" }
    }

    private let objects: any ObjectStore
    private let tenant: TenantID

    package init(_ objects: any ObjectStore, of tenant: TenantID) {
        self.objects = objects
        self.tenant = tenant
    }

    package static func isLarge(_ document: JSON) -> Bool { document.bytes.count > threshold }

    /// Where the document is that a row notes; nil when the row has it itself.
    package static func key(_ stored: JSON) -> String? { stored[member]?["key"]?.string }

    /// Stores a document under a key that was never used; returns the note for the row.
    package func store(_ document: JSON, at key: String) async throws -> JSON {
        let bytes = document.bytes
        try await objects.put(bytes, key: key, tenant: tenant)
        // Method and path are what the audit log knows a route by; an asset that is named must not be deleted.
        var note: JSONObject = [
            "key": .string(key), "size": JSON(bytes.count), "method": document["method"] ?? .null,
            "path": document["path"] ?? .null,
        ]
        let assets = AssetRepository.assets(in: document)
        if !assets.isEmpty { note["assets"] = .array(assets.sorted().map { .string($0.text) }) }
        return [Self.member: .object(note)]
    }

    /// The document that a row has or notes.
    ///
    /// - Throws: `ObjectStoreError`; `Missing`.
    package func load(_ stored: JSON) async throws -> JSON {
        guard let key = Self.key(stored) else { return stored }
        guard let bytes = try await objects.get(key: key, tenant: tenant),
            let document = try? JSON.parse(bytes, limits: JSONLimits(depth: 512))
        else { throw Missing(key: key) }
        return document
    }
}
