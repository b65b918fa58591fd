package import Domain
package import Persistence

/// What every handler has: the request and the platform.
package protocol CallerContext: Sendable {
    var request: APIRequest { get }
    var platform: Platform { get }
}

/// A request that needed no credentials.
package struct OpenContext: CallerContext {
    package let request: APIRequest
    package let platform: Platform
}

/// Proof that the administrator's token was shown.
package struct AdminContext: CallerContext {
    package let request: APIRequest
    package let platform: Platform

    /// Only the authenticator's verdict makes one.
    init(request: APIRequest, platform: Platform) {
        self.request = request
        self.platform = platform
    }

    /// Reads the platform schema.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        try await platform.database.read(.platform, body)
    }

    /// Changes the platform schema: idempotency, audit and announcements included.
    package func write(_ body: @escaping @Sendable (any SQLSession) throws -> Change) async throws -> Reply {
        try await commit(.platform, as: .admin, body)
    }
}

/// Proof that somebody with the endpoint's scope acts for `tenant` and that the tenant may act.
///
/// It reaches the tenant's own schema only; no method takes a tenant's id, so no handler can name another tenant.
package struct TenantContext: CallerContext {
    package let request: APIRequest
    package let platform: Platform
    package let tenant: TenantRecord
    let caller: TenantCaller

    /// Only the authenticator's verdict makes one.
    init(request: APIRequest, platform: Platform, tenant: TenantRecord, caller: TenantCaller) {
        self.request = request
        self.platform = platform
        self.tenant = tenant
        self.caller = caller
    }

    /// The tenant's quotas and permissions as of this request.
    package var entitlements: Entitlements { platform.plans.entitlements(of: tenant) }

    /// Reads the tenant's schema.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        try await platform.database.read(.tenant(tenant.id), body)
    }

    /// Changes the tenant's schema: idempotency, audit and announcements included.
    package func write(_ body: @escaping @Sendable (any SQLSession) throws -> Change) async throws -> Reply {
        try await commit(.tenant(tenant.id), as: caller.actor, body)
    }

    /// Reads what the platform schema holds about this tenant.
    package func readAccount<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLSession, TenantID) throws -> Result
    ) async throws -> Result {
        let id = tenant.id
        return try await platform.database.read(.platform) { sql in try body(sql, id) }
    }

    /// Changes what the platform schema holds about this tenant.
    package func writeAccount(
        _ body: @escaping @Sendable (any SQLSession, TenantID) throws -> Change
    ) async throws -> Reply {
        let id = tenant.id
        return try await commit(.platform, as: caller.actor) { sql in try body(sql, id) }
    }
}
