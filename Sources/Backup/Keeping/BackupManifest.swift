package import Domain
package import JSON

/// What a backup is made of: written last, so that a backup without one was never complete.
package struct BackupManifest: Sendable, Hashable {
    /// `20261124t031500z-k3j9`: sorts by time.
    package let id: String
    package let createdAt: Timestamp
    /// Whether it is of the platform and all tenants, not of one tenant.
    package let isWhole: Bool
    /// Nil when it is not encrypted.
    package let keyID: String?
    /// The version of the binary that made it.
    package let mockforge: String
    package var parts: [Part]
    /// Tenants whose data could not be read, and why.
    package var skipped: [Skipped]

    package struct Part: Sendable, Hashable {
        package let summary: ArchiveSummary
        /// Of the stored file, in bytes.
        package let size: Int
        /// SHA-256 of the stored file, hexadecimal.
        package let hash: String
    }

    package struct Skipped: Sendable, Hashable {
        package let tenant: TenantID
        package let reason: String
    }

    /// The tenants in it, with their subdomains.
    package var tenants: [(id: TenantID, subdomain: String)] {
        parts.compactMap { part in
            if case .tenant(let id) = part.summary.part { (id, part.summary.subdomain) } else { nil }
        }
    }

    /// Of all stored files, in bytes.
    package var size: Int { parts.reduce(0) { $0 + $1.size } }

    package var json: JSON {
        [
            "format": .string(ArchiveSeal.format), "version": JSON(ArchiveSeal.version), "id": .string(id),
            "created_at": .string(createdAt.rfc3339), "whole": JSON(isWhole), "key_id": JSON(keyID),
            "mockforge": .string(mockforge),
            "parts": .array(
                parts.map { part in
                    part.summary.json.merging(["size": JSON(part.size), "sha256": .string(part.hash)])
                }),
            "skipped": .array(skipped.map { ["tenant_id": .string($0.tenant.text), "reason": .string($0.reason)] }),
        ]
    }

    init(id: String, createdAt: Timestamp, isWhole: Bool, keyID: String?, mockforge: String) {
        self.id = id
        self.createdAt = createdAt
        self.isWhole = isWhole
        self.keyID = keyID
        self.mockforge = mockforge
        parts = []
        skipped = []
    }

    /// - Throws: `BackupError` for what is no manifest, or a later program's.
    init(_ bytes: [UInt8]) throws(BackupError) {
        guard let json = try? JSON.parse(bytes), json["format"]?.string == ArchiveSeal.format,
            let version = json["version"]?.integer, let id = json["id"]?.string,
            let createdAt = json["created_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let isWhole = json["whole"]?.bool, let parts = json["parts"]?.array
        else { throw .damaged("the manifest is not readable") }
        guard version <= ArchiveSeal.version else {
            throw .refused("the backup was made by a newer mockforge; install that one to read it")
        }
        self.init(
            id: id, createdAt: createdAt, isWhole: isWhole, keyID: json["key_id"]?.string,
            mockforge: json["mockforge"]?.string ?? "")
        for part in parts {
            guard let summary = ArchiveSummary(part), let size = part["size"]?.integer,
                let hash = part["sha256"]?.string
            else { throw .damaged("the manifest has a part that is not readable") }
            self.parts.append(Part(summary: summary, size: size, hash: hash))
        }
        for entry in json["skipped"]?.array ?? [] {
            if let tenant = entry["tenant_id"]?.string.flatMap(TenantID.init) {
                skipped.append(Skipped(tenant: tenant, reason: entry["reason"]?.string ?? ""))
            }
        }
    }
}
