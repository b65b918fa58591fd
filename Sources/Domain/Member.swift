/// What a member may do, from least to most; a role includes those before it.
package enum MemberRole: String, Sendable, CaseIterable, Comparable {
    /// Reads.
    case viewer
    /// Changes workspaces, mocks and routes.
    case editor
    /// Manages keys and members too.
    case admin
    /// As an admin; and only an owner can hand out an owner's rights.
    case owner

    package static func < (left: MemberRole, right: MemberRole) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }

    /// The endpoints that a member with this role may call, as the scope of an API key says it.
    package var scope: Scope {
        switch self {
        case .viewer: .read
        case .editor: .write
        case .admin, .owner: .admin
        }
    }
}

extension Scope {
    /// The role whose rights a key with this scope has. A key with every scope can do what an owner can.
    package var role: MemberRole {
        switch self {
        case .read: .viewer
        case .write: .editor
        case .admin: .owner
        }
    }
}

/// Whether a member has ever signed in.
package enum MemberStatus: String, Sendable, CaseIterable {
    case invited, active
}
