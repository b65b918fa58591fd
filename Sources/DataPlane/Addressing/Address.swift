package import MockEngine

/// By what an address names a tenant. The text has been checked to have the right form, no more.
package struct TenantReference: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case id
        case subdomain
        /// The path forms take both; an id goes before a subdomain.
        case either
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

/// Whom a request is for.
package enum Address: Sendable, Hashable {
    /// The control plane: the request goes on untouched.
    case control
    case tenant(TenantAddress)
    /// Below the base domain, but no tenant can have that name.
    case unknownTenant
    /// For a tenant, with a path that has no normal form.
    case invalidPath(RequestPath.Refusal)
}

/// A tenant's address taken apart.
package struct TenantAddress: Sendable, Hashable {
    package var tenant: TenantReference
    /// Nil: the tenant's default workspace.
    package var workspace: String?
    /// In the normal form of `RequestPath`, without the parts that name tenant and workspace.
    package var path: String
    /// What stood after `?`, raw; nil without one.
    package var query: String?

    package init(tenant: TenantReference, workspace: String? = nil, path: String, query: String? = nil) {
        self.tenant = tenant
        self.workspace = workspace
        self.path = path
        self.query = query
    }
}
