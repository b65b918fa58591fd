package import Domain
package import JSON

/// Which rows an archive holds.
package enum ArchivePart: Sendable, Hashable, CustomStringConvertible {
    /// Rows of the platform that belong to no tenant.
    case platform
    case tenant(TenantID)

    package init?(_ text: String) {
        if text == "platform" {
            self = .platform
        } else if let id = TenantID(text) {
            self = .tenant(id)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .platform: "platform"
        case .tenant(let id): id.text
        }
    }
}

/// What an archive says of itself in its first record, and what counting it found.
package struct ArchiveSummary: Sendable, Hashable {
    package let part: ArchivePart
    /// The tenant's subdomain; empty for the platform.
    package var subdomain: String
    package var platformVersion: Int
    /// Of the tenant's schema; 0 for the platform.
    package var tenantVersion: Int
    package var rows = 0
    package var objects = 0
    package var objectBytes = 0
    /// Objects that rows name and the store did not have.
    package var missingObjects: [String] = []

    package var json: JSON {
        [
            "part": .string(part.description), "subdomain": .string(subdomain),
            "platform_version": JSON(platformVersion), "tenant_version": JSON(tenantVersion), "rows": JSON(rows),
            "objects": JSON(objects), "object_bytes": JSON(objectBytes),
            "missing_objects": .array(missingObjects.map { .string($0) }),
        ]
    }

    init(part: ArchivePart, subdomain: String, platformVersion: Int, tenantVersion: Int) {
        self.part = part
        self.subdomain = subdomain
        self.platformVersion = platformVersion
        self.tenantVersion = tenantVersion
    }

    package init?(_ json: JSON) {
        guard let part = json["part"]?.string.flatMap(ArchivePart.init), let subdomain = json["subdomain"]?.string,
            let platformVersion = json["platform_version"]?.integer,
            let tenantVersion = json["tenant_version"]?.integer
        else { return nil }
        self.init(
            part: part, subdomain: subdomain, platformVersion: platformVersion, tenantVersion: tenantVersion)
        rows = json["rows"]?.integer ?? 0
        objects = json["objects"]?.integer ?? 0
        objectBytes = json["object_bytes"]?.integer ?? 0
        missingObjects = json["missing_objects"]?.array?.compactMap(\.string) ?? []
    }
}
