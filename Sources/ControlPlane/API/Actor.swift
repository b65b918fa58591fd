import Domain

/// Who made a change: what the audit log names and what an idempotency key belongs to.
enum Actor: Sendable, Hashable {
    case admin
    case key(APIKeyID, of: TenantID)
    /// Somebody who is signed in.
    case member(MemberID, of: TenantID)
    /// Anyone, without credentials.
    case visitor
    /// Background work of the platform itself.
    case system
    /// Whoever holds a one-time link, told apart by the hash of its token.
    case link(hash: String)

    /// The audit log's spelling.
    var name: String {
        switch self {
        case .admin: "admin"
        case .key(let id, _): "key:\(id)"
        case .member(let id, _): "member:\(id)"
        case .visitor: "visitor"
        case .system: "system"
        case .link: "one-time link"
        }
    }

    /// Two keys of one tenant share their idempotency keys: a retry after a rotation must still find its answer.
    var idempotencySpace: String {
        switch self {
        case .admin: "admin"
        case .key(_, let tenant): "tenant:\(tenant)"
        case .member(let id, let tenant): "member:\(tenant):\(id)"
        case .visitor: "visitor"
        case .system: "system"
        case .link(let hash): "link:\(hash)"
        }
    }

    var tenant: TenantID? {
        switch self {
        case .key(_, let tenant), .member(_, let tenant): tenant
        case .admin, .visitor, .system, .link: nil
        }
    }
}
