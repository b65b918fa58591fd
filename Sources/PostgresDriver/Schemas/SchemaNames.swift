import Domain
import Persistence

/// The one place where names become SQL. They come from a `TenantID`, which has nothing but letters and digits, or from the
/// server itself; all are quoted none the less.
enum SchemaNames {
    static func schema(_ scope: DatabaseScope) -> String {
        switch scope {
        case .platform: "platform"
        case .tenant(let tenant): tenant.schemaName
        }
    }

    /// The role that owns a tenant's schema. Roles belong to the whole server, so the name of the database is part of it:
    /// two installations in one server may have a tenant of the same id, one restored from the other's backup.
    static func role(_ tenant: TenantID, database: String) -> String {
        // An identifier has at most 63 bytes.
        let room = 63 - tenant.schemaName.utf8.count - 1
        guard database.utf8.count > room else { return "\(tenant.schemaName)@\(database)" }
        return "\(tenant.schemaName)@\(hash(database))"
    }

    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ text: String) -> String {
        let value = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(value, radix: 16)
    }
}
