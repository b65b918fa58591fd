import Domain
import JSON
import Persistence

extension APIKeyRecord {
    /// The key as lists show it, without the secret.
    var json: JSON {
        [
            "id": .string(id.text), "name": .string(name), "scope": .string(scope.rawValue),
            "prefix": .string(lookupPrefix), "created_at": .string(createdAt.rfc3339),
            "expires_at": JSON(expiresAt?.rfc3339), "revoked_at": JSON(revokedAt?.rfc3339),
            "last_used_at": JSON(lastUsedAt?.rfc3339),
        ]
    }

    /// Whether the key still opens anything.
    func isLive(at now: Timestamp) -> Bool {
        revokedAt == nil && expiresAt.map { $0 > now } ?? true
    }
}

extension APIKeySecret {
    func record(
        tenant: TenantID, name: String, scope: Scope, expiresAt: Timestamp?, at now: Timestamp,
        _ surroundings: Surroundings
    ) -> APIKeyRecord {
        APIKeyRecord(
            id: APIKeyID(from: surroundings), tenantID: tenant, name: name, scope: scope, lookupPrefix: lookupPrefix,
            hash: hash, createdAt: now, expiresAt: expiresAt)
    }
}

/// The body of POST `…/api-keys`, checked.
struct NewAPIKey: Sendable {
    let name: String
    let scope: Scope
    let expiresAt: Timestamp?

    init(_ json: JSON, at now: Timestamp) throws(Problem) {
        let violations = Violations()
        let reader = ObjectReader(json, known: ["name", "scope", "expires_at"], violations: violations)
        let name = reader?.name("name", required: true)
        scope = reader?.choice("scope", Scope.self) ?? .write
        expiresAt = reader?.expiry("expires_at", after: now)
        try violations.throwIfAny()
        guard let name else { throw Problem.invalid(violations.list) }
        self.name = name
    }
}

/// The body of POST `…/api-keys/{key_id}/rotate`, checked.
struct KeyRotation: Sendable {
    /// How long the old key goes on working beside the new one.
    let overlap: Duration
    let expiresAt: Timestamp?

    private static let longestOverlap = 7 * 86_400

    init(_ json: JSON, at now: Timestamp) throws(Problem) {
        let violations = Violations()
        let reader = ObjectReader(json, known: ["overlap_seconds", "expires_at"], violations: violations)
        overlap = .seconds(reader?.integer("overlap_seconds", in: 0...Self.longestOverlap) ?? 0)
        expiresAt = reader?.expiry("expires_at", after: now)
        try violations.throwIfAny()
    }
}

extension ObjectReader {
    fileprivate func expiry(_ key: String, after now: Timestamp) -> Timestamp? {
        guard let text = string(key) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            refuse(key, "invalid_format", "must be an RFC 3339 time such as 2026-01-31T09:05:00Z")
            return nil
        }
        guard moment > now else {
            refuse(key, "out_of_range", "must be in the future")
            return nil
        }
        return moment
    }
}
