package import Domain
package import JSON

/// A row of `platform.tenants`.
package struct TenantRecord: Sendable, Hashable {
    package var id: TenantID
    package var name: String
    package var subdomain: Subdomain
    package var plan: String
    package var status: TenantStatus
    package var adminEmail: String
    package var adminName: String
    package var quotaOverrides: [QuotaKey: QuotaLimit]
    package var permissionOverrides: [PermissionKey: Bool]
    /// False until the last step of provisioning: such a tenant is invisible everywhere.
    package var isProvisioned: Bool
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var deletedAt: Timestamp?
    /// Counts changes of this row: the ETag.
    package var version: Int

    package init(
        id: TenantID, name: String, subdomain: Subdomain, plan: String, status: TenantStatus, adminEmail: String,
        adminName: String, quotaOverrides: [QuotaKey: QuotaLimit] = [:],
        permissionOverrides: [PermissionKey: Bool] = [:], isProvisioned: Bool, createdAt: Timestamp,
        updatedAt: Timestamp, deletedAt: Timestamp? = nil, version: Int = 1
    ) {
        self.id = id
        self.name = name
        self.subdomain = subdomain
        self.plan = plan
        self.status = status
        self.adminEmail = adminEmail
        self.adminName = adminName
        self.quotaOverrides = quotaOverrides
        self.permissionOverrides = permissionOverrides
        self.isProvisioned = isProvisioned
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.deletedAt = deletedAt
        self.version = version
    }
}

/// A row of `platform.api_keys`. The secret itself is never stored.
package struct APIKeyRecord: Sendable, Hashable {
    package var id: APIKeyID
    package var tenantID: TenantID
    package var name: String
    package var scope: Scope
    /// The first 16 characters of the secret, by which it is found.
    package var lookupPrefix: String
    /// SHA-256 of the secret, hexadecimal.
    package var hash: String
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    package var lastUsedAt: Timestamp?

    package init(
        id: APIKeyID, tenantID: TenantID, name: String, scope: Scope, lookupPrefix: String, hash: String,
        createdAt: Timestamp, expiresAt: Timestamp? = nil, revokedAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
    ) {
        self.id = id
        self.tenantID = tenantID
        self.name = name
        self.scope = scope
        self.lookupPrefix = lookupPrefix
        self.hash = hash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }
}

/// A row of a tenant's `members`.
package struct MemberRecord: Sendable, Hashable {
    package var id: MemberID
    /// In lower case, and no other member's.
    package var email: String
    package var name: String
    package var role: MemberRole
    package var status: MemberStatus
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var lastSignInAt: Timestamp?
    package var version: Int

    package init(
        id: MemberID, email: String, name: String, role: MemberRole, status: MemberStatus = .invited,
        createdAt: Timestamp, updatedAt: Timestamp, lastSignInAt: Timestamp? = nil, version: Int = 1
    ) {
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastSignInAt = lastSignInAt
        self.version = version
    }
}

/// A row of a tenant's `workspaces`.
package struct WorkspaceRecord: Sendable, Hashable {
    package var id: WorkspaceID
    package var slug: Slug
    package var name: String
    package var description: String
    package var isDefault: Bool
    /// `validation`, `cors`, `require_api_key`, `near_miss`, …: an object, complete with defaults by whoever reads it.
    package var settings: JSON
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var version: Int

    package init(
        id: WorkspaceID, slug: Slug, name: String, description: String, isDefault: Bool, settings: JSON,
        createdAt: Timestamp, updatedAt: Timestamp, version: Int = 1
    ) {
        self.id = id
        self.slug = slug
        self.name = name
        self.description = description
        self.isDefault = isDefault
        self.settings = settings
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}

/// A row of a tenant's `mocks`.
package struct MockRecord: Sendable, Hashable {
    package var id: MockID
    package var workspaceID: WorkspaceID
    package var name: String
    package var basePath: String
    /// Null, or what was imported: `{format, version, title, object_key, sha256, size}`; the text is in the object store.
    package var source: JSON
    package var isEnabled: Bool
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var version: Int

    package init(
        id: MockID, workspaceID: WorkspaceID, name: String, basePath: String, source: JSON, isEnabled: Bool,
        createdAt: Timestamp, updatedAt: Timestamp, version: Int = 1
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.basePath = basePath
        self.source = source
        self.isEnabled = isEnabled
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}

/// A row of a tenant's `routes`.
package struct RouteRecord: Sendable, Hashable {
    package var id: RouteID
    package var mockID: MockID
    /// Order of creation within the mock.
    package var position: Int
    /// The route as the API shows it, without ids and times: `name, method, path, priority, enabled, match, responses, selection`.
    package var definition: JSON
    /// For an imported route, the definition as the import made it, and the operation; null for a hand-made one.
    /// `{operation: {path, method}, definition}`. What differs from it was changed by hand and survives a new import.
    package var origin: JSON
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var version: Int

    package init(
        id: RouteID, mockID: MockID, position: Int, definition: JSON, origin: JSON, createdAt: Timestamp,
        updatedAt: Timestamp, version: Int = 1
    ) {
        self.id = id
        self.mockID = mockID
        self.position = position
        self.definition = definition
        self.origin = origin
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}

/// A row of `platform.audit_log`.
package struct AuditRecord: Sendable, Hashable {
    package var id: AuditID
    package var at: Timestamp
    /// Nil for what concerns the platform alone.
    package var tenantID: TenantID?
    /// `admin`, `system`, or `key:<id>`.
    package var actor: String
    /// `tenant.create`, `key.revoke`, …
    package var action: String
    /// The id of what was acted on.
    package var target: String
    package var requestID: String
    /// What changed; never a secret.
    package var detail: JSON

    package init(
        id: AuditID, at: Timestamp, tenantID: TenantID?, actor: String, action: String, target: String,
        requestID: String, detail: JSON
    ) {
        self.id = id
        self.at = at
        self.tenantID = tenantID
        self.actor = actor
        self.action = action
        self.target = target
        self.requestID = requestID
        self.detail = detail
    }
}

/// A row of `idempotency_keys`, which both schemas have: the answer to a POST, kept for 24 hours.
package struct IdempotencyRecord: Sendable, Hashable {
    /// SHA-256 over the caller (admin, or tenant) and the client's key, hexadecimal: the key itself is not stored.
    package var keyHash: String
    /// SHA-256 over method, path and body: the same key with another fingerprint is a mistake of the client.
    package var fingerprint: String
    package var status: Int
    /// The answer's headers and body, sealed under the client's key since it may hold a new API key; base64.
    package var sealedReply: String
    package var createdAt: Timestamp

    package init(keyHash: String, fingerprint: String, status: Int, sealedReply: String, createdAt: Timestamp) {
        self.keyHash = keyHash
        self.fingerprint = fingerprint
        self.status = status
        self.sealedReply = sealedReply
        self.createdAt = createdAt
    }
}

/// A row of `platform.provisioning`: a tenant on its way into being.
package struct ProvisioningRecord: Sendable, Hashable {
    package var tenantID: TenantID
    /// Nil when the client sent no key: such a run cannot be taken up again and is rolled back.
    package var idempotencyKeyHash: String?
    package var fingerprint: String
    /// Steps done so far; each step is idempotent, so this only saves work.
    package var completedSteps: Int
    package var startedAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        tenantID: TenantID, idempotencyKeyHash: String?, fingerprint: String, completedSteps: Int,
        startedAt: Timestamp, updatedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.idempotencyKeyHash = idempotencyKeyHash
        self.fingerprint = fingerprint
        self.completedSteps = completedSteps
        self.startedAt = startedAt
        self.updatedAt = updatedAt
    }
}

extension ProvisioningRecord {
    /// In `completedSteps`: the tenant is being restored from a backup, invisible until that is complete. Whoever broke it
    /// off takes it up again; nothing of the tenant's account is thrown away.
    package static let restoring = -2
    /// In `completedSteps`: not a tenant but a whole platform is being moved here; only that run ends it.
    package static let moving = -3

    package var isRestore: Bool { completedSteps == Self.restoring }
}

/// A row of `platform.mail_outbox`: written in the transaction that causes the mail, sent by a reconciler.
package struct OutboxRecord: Sendable, Hashable {
    package var mail: Mail
    package var tenantID: TenantID?
    /// Whether a one-time link of the tenant's takes the place of a mark in the text when it is sent.
    package var hasLink: Bool
    /// With it, a link that signs this member in takes the place of the mark.
    package var memberLink: MemberLink?
    package var createdAt: Timestamp
    package var sentAt: Timestamp?
    package var attempts: Int
    package var nextAttemptAt: Timestamp
    package var lastError: String?
    /// When it was given up.
    package var deadAt: Timestamp?
    /// When the attempt began of which nobody knows how it ended.
    package var sendingSince: Timestamp?

    package init(
        mail: Mail, tenantID: TenantID?, hasLink: Bool = false, memberLink: MemberLink? = nil, createdAt: Timestamp,
        sentAt: Timestamp? = nil, attempts: Int = 0, nextAttemptAt: Timestamp, lastError: String? = nil,
        deadAt: Timestamp? = nil, sendingSince: Timestamp? = nil
    ) {
        self.sendingSince = sendingSince
        self.mail = mail
        self.tenantID = tenantID
        self.hasLink = hasLink
        self.memberLink = memberLink
        self.deadAt = deadAt
        self.createdAt = createdAt
        self.sentAt = sentAt
        self.attempts = attempts
        self.nextAttemptAt = nextAttemptAt
        self.lastError = lastError
    }
}

/// Whose link a mail is to hold, and how long after the sending it works.
package struct MemberLink: Sendable, Hashable {
    package var member: MemberID
    /// Seconds.
    package var lifetime: Int

    package init(member: MemberID, lifetime: Int) {
        self.member = member
        self.lifetime = lifetime
    }
}

/// A row of `platform.one_time_links`: a token that was mailed, known by its hash only.
package struct OneTimeLinkRecord: Sendable, Hashable {
    /// SHA-256 of the token, hexadecimal.
    package var tokenHash: String
    package var tenantID: TenantID
    package var createdAt: Timestamp
    package var expiresAt: Timestamp
    package var redeemedAt: Timestamp?

    package init(
        tokenHash: String, tenantID: TenantID, createdAt: Timestamp, expiresAt: Timestamp, redeemedAt: Timestamp? = nil
    ) {
        self.tokenHash = tokenHash
        self.tenantID = tenantID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.redeemedAt = redeemedAt
    }
}

/// What one node counted for one route and status class of a tenant in one minute.
package struct UsageRecord: Sendable, Hashable {
    /// The start of the minute.
    package var minute: Timestamp
    /// Nil where the request was refused before its workspace was known.
    package var workspaceID: WorkspaceID?
    /// Nil where no mock or route matched.
    package var mockID: MockID?
    package var routeID: RouteID?
    /// 2 for 2xx, and so on.
    package var statusClass: Int
    package var requests: Int
    package var durationMicroseconds: Int
    package var maxDurationMicroseconds: Int
    package var requestBytes: Int
    package var responseBytes: Int
    package var durations: DurationHistogram

    package init(
        minute: Timestamp, workspaceID: WorkspaceID?, mockID: MockID?, routeID: RouteID?, statusClass: Int,
        requests: Int, durationMicroseconds: Int, maxDurationMicroseconds: Int, requestBytes: Int, responseBytes: Int,
        durations: DurationHistogram = DurationHistogram()
    ) {
        self.minute = minute
        self.workspaceID = workspaceID
        self.mockID = mockID
        self.routeID = routeID
        self.statusClass = statusClass
        self.requests = requests
        self.durationMicroseconds = durationMicroseconds
        self.maxDurationMicroseconds = maxDurationMicroseconds
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
        self.durations = durations
    }

    /// Both counts in one row; the other names the same row.
    package func adding(_ other: UsageRecord) -> UsageRecord {
        var sum = self
        sum.requests += other.requests
        sum.durationMicroseconds += other.durationMicroseconds
        sum.maxDurationMicroseconds = max(maxDurationMicroseconds, other.maxDurationMicroseconds)
        sum.requestBytes += other.requestBytes
        sum.responseBytes += other.responseBytes
        sum.durations.add(other.durations)
        return sum
    }
}
