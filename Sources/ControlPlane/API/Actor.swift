import Domain

/// Who made a change: what the audit log names and what an idempotency key belongs to.
enum Actor: Sendable, Hashable {
    case admin
    case key(APIKeyID, of: TenantID)
    /// Background work of the platform itself.
    case system
    /// Whoever holds a one-time link, told apart by the hash of its token.
    case link(hash: String)

    /// The audit log's spelling.
    var name: String {
        switch self {
        case .admin: "admin"
        case .key(let id, _): "key:\(id)"
        case .system: "system"
        case .link: "one-time link"
        }
    }

    /// Two keys of one tenant share their idempotency keys: a retry after a rotation must still find its answer.
    var idempotencySpace: String {
        switch self {
        case .admin: "admin"
        case .key(_, let tenant): "tenant:\(tenant)"
        case .system: "system"
        case .link(let hash): "link:\(hash)"
        }
    }

    var tenant: TenantID? {
        if case .key(_, let tenant) = self { tenant } else { nil }
    }
}
