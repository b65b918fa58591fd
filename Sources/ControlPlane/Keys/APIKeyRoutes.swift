import Domain
import HTTPTypes
import JSON
import Persistence

/// API keys, by the administrator for any tenant and by each tenant for itself; the same rules for both.
enum APIKeyRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/tenants/{tenant_id}/api-keys", query: Paging.parameterNames,
            .admin { context in
                let id = try context.request.tenantID()
                let paging = try context.request.paging()
                return try await context.read { sql in
                    _ = try TenantRoutes.find(id, sql)
                    return try list(paging, id, sql)
                }
            }),
        Endpoint(
            .post, "/tenants/{tenant_id}/api-keys", body: .json,
            .admin { context in
                let id = try context.request.tenantID()
                let creation = try KeyCreation(context.request, context.platform)
                return try await context.write { sql in
                    try requireLiving(id, sql)
                    return try creation.apply(to: id, sql, path: "/api/v1/tenants/\(id)/api-keys")
                }
            }),
        Endpoint(
            .delete, "/tenants/{tenant_id}/api-keys/{key_id}",
            .admin { context in
                let id = try context.request.tenantID()
                let now = context.platform.surroundings.now()
                return try await context.write { sql in
                    _ = try TenantRoutes.find(id, sql)
                    return try revoke(context.request, of: id, sql, at: now)
                }
            }),
        Endpoint(
            .post, "/tenants/{tenant_id}/api-keys/{key_id}/rotate", body: .optionalJSON,
            .admin { context in
                let id = try context.request.tenantID()
                let replacement = try KeyReplacement(context.request, context.platform)
                return try await context.write { sql in
                    try requireLiving(id, sql)
                    return try replacement.apply(to: id, sql, path: "/api/v1/tenants/\(id)/api-keys")
                }
            }),
        Endpoint(
            .get, "/api-keys", query: Paging.parameterNames, openToSuspended: true,
            .tenant(.admin) { context in
                let paging = try context.request.paging()
                return try await context.readAccount { sql, id in try list(paging, id, sql) }
            }),
        Endpoint(
            .post, "/api-keys", body: .json,
            .tenant(.admin) { context in
                let creation = try KeyCreation(context.request, context.platform)
                try context.requireRights(of: creation.new.scope.role)
                return try await context.writeAccount { sql, id in
                    try creation.apply(to: id, sql, path: "/api/v1/api-keys")
                }
            }),
        Endpoint(
            .delete, "/api-keys/{key_id}",
            .tenant(.admin) { context in
                let now = context.platform.surroundings.now()
                return try await context.writeAccount { sql, id in try revoke(context.request, of: id, sql, at: now) }
            }),
        Endpoint(
            .post, "/api-keys/{key_id}/rotate", body: .optionalJSON,
            .tenant(.admin) { context in
                let replacement = try KeyReplacement(context.request, context.platform)
                return try await context.writeAccount { sql, id in
                    try context.requireRights(of: find(context.request, of: id, sql).scope.role)
                    return try replacement.apply(to: id, sql, path: "/api/v1/api-keys")
                }
            }),
    ]

    private static func list(_ paging: Paging, _ tenant: TenantID, _ sql: any SQLSession) throws -> Reply {
        try paging.reply(
            page: { try APIKeyRepository(sql).list(tenant: tenant, page: $0) },
            after: { try APIKeyRepository(sql).list(tenant: tenant, after: $0, limit: $1) },
            json: { $0.json })
    }

    private static func requireLiving(_ tenant: TenantID, _ sql: any SQLSession) throws {
        if try TenantRoutes.find(tenant, sql).status == .deleted { throw TenantRoutes.deleted }
    }

    private static func revoke(
        _ request: APIRequest, of tenant: TenantID, _ sql: any SQLSession, at now: Timestamp
    ) throws -> Change {
        let key = try find(request, of: tenant, sql)
        guard try APIKeyRepository(sql).revoke(key.id, tenant: tenant, at: now) else {
            return Change(.noContent, audit: [])
        }
        return Change(
            .noContent,
            audit: [AuditNote("key.revoke", target: key.id.text, tenant: tenant, detail: ["name": .string(key.name)])],
            announcing: [.tenantChanged(tenant)])
    }

    /// The key in the path, when it is this tenant's.
    fileprivate static func find(
        _ request: APIRequest, of tenant: TenantID, _ sql: any SQLSession
    ) throws -> APIKeyRecord {
        let id: APIKeyID = try request.id("key_id", "API key")
        guard let key = try APIKeyRepository(sql).find(id, tenant: tenant) else { throw Problem.notFound("API key") }
        return key
    }
}

/// A checked request for a new key, with the secret drawn before the transaction.
private struct KeyCreation: Sendable {
    private static let limit = 100

    let new: NewAPIKey
    let secret: APIKeySecret
    let now: Timestamp
    let surroundings: Surroundings

    init(_ request: APIRequest, _ platform: Platform) throws {
        surroundings = platform.surroundings
        now = surroundings.now()
        new = try NewAPIKey(try request.json(), at: now)
        secret = APIKeySecret(from: surroundings)
    }

    func apply(to tenant: TenantID, _ sql: any SQLSession, path: String) throws -> Change {
        guard try APIKeyRepository(sql).liveCount(tenant: tenant, at: now) < Self.limit else {
            throw Problem(
                .forbidden, code: "too_many_api_keys",
                detail: "A tenant may have \(Self.limit) working keys; revoke one that is not used.")
        }
        let record = secret.record(
            tenant: tenant, name: new.name, scope: new.scope, expiresAt: new.expiresAt, at: now, surroundings)
        try APIKeyRepository(sql).insert(record)
        return Change(
            .newKey(record, secret, path: path),
            audit: [
                AuditNote(
                    "key.create", target: record.id.text, tenant: tenant,
                    detail: ["name": .string(record.name), "scope": .string(record.scope.rawValue)])
            ],
            announcing: [.tenantChanged(tenant)])
    }
}

/// A checked request to replace a key by a new one of the same name and scope.
private struct KeyReplacement: Sendable {
    let request: APIRequest
    let rotation: KeyRotation
    let secret: APIKeySecret
    let now: Timestamp
    let surroundings: Surroundings

    init(_ request: APIRequest, _ platform: Platform) throws {
        self.request = request
        surroundings = platform.surroundings
        now = surroundings.now()
        rotation = try KeyRotation(try request.json(), at: now)
        secret = APIKeySecret(from: surroundings)
    }

    func apply(to tenant: TenantID, _ sql: any SQLSession, path: String) throws -> Change {
        let old = try APIKeyRoutes.find(request, of: tenant, sql)
        guard old.isLive(at: now) else {
            throw Problem(
                .conflict, code: "api_key_not_live",
                detail: "The key is revoked or expired; create a new one instead of rotating it.")
        }
        let end = now + rotation.overlap
        if rotation.overlap == .zero {
            _ = try APIKeyRepository(sql).revoke(old.id, tenant: tenant, at: now)
        } else {
            // An overlap never lengthens the life of a key that would have ended sooner.
            try APIKeyRepository(sql).expire(old.id, tenant: tenant, at: min(old.expiresAt ?? end, end))
        }
        let record = secret.record(
            tenant: tenant, name: old.name, scope: old.scope, expiresAt: rotation.expiresAt, at: now, surroundings)
        try APIKeyRepository(sql).insert(record)
        return Change(
            .newKey(record, secret, path: path),
            audit: [
                AuditNote(
                    "key.rotate", target: old.id.text, tenant: tenant,
                    detail: ["new_key_id": .string(record.id.text), "old_key_ends_at": .string(end.rfc3339)])
            ],
            announcing: [.tenantChanged(tenant)])
    }
}

extension Reply {
    /// 201 with the only sight of a new key's secret.
    fileprivate static func newKey(_ record: APIKeyRecord, _ secret: APIKeySecret, path: String) -> Reply {
        created(
            record.json.merging(["api_key": .string(secret.text)]), location: "\(path)/\(record.id)"
        ).withSecret()
    }
}
