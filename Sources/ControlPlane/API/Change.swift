package import Domain
package import JSON
package import Persistence

/// What one unit of writing work did: the answer, and what others must learn of it.
package struct Change: Sendable {
    package var reply: Reply
    package var audit: [AuditNote]
    /// Published after the commit and before the answer is sent, so that the next request sees the change.
    package var announcements: [Announcement]

    package init(_ reply: Reply, audit: [AuditNote], announcing announcements: [Announcement] = []) {
        self.reply = reply
        self.audit = audit
        self.announcements = announcements
    }
}

/// The part of an audit row that only the endpoint knows; the kernel adds who, when and the request's id.
package struct AuditNote: Sendable {
    /// `workspace.create`, `key.revoke`, …
    package var action: String
    /// The id of what was acted on.
    package var target: String
    /// What changed; never a secret.
    package var detail: JSON
    /// Whom an administrator's change concerns; a tenant's own changes always concern that tenant.
    package var tenant: TenantID?

    package init(_ action: String, target: String, tenant: TenantID? = nil, detail: JSON = [:]) {
        self.action = action
        self.target = target
        self.tenant = tenant
        self.detail = detail
    }
}
