import Crypto
import Domain
import Foundation
import HTTPTypes
import Persistence

/// Tells who sends a request.
struct Authenticator: Sendable {
    let adminToken: AdminToken
    let database: any Database
    let surroundings: Surroundings
    let keyUse: KeyUse
    let failures = FailedAttempts()

    enum Caller: Sendable {
        case admin
        case tenant(TenantRecord, APIKeyRecord)
    }

    /// - Throws: 401 for credentials that are missing, unknown, revoked or expired; 429 in their place after too many
    ///   failures. A valid API key passes whatever others at its address have failed at: nobody guesses 32 random bytes,
    ///   so looking is safe. The operator's token may have been chosen by a person: past the limit it is not even
    ///   compared, unless it was good from there lately.
    func caller(_ headers: HTTPFields, from address: String) async throws -> Caller {
        let credential = try bearer(headers)
        let now = surroundings.now()
        let secret = APIKeySecret(credential)
        let trace = Hexadecimal.text(SHA256.hash(data: Data(credential.utf8)))
        let kind: FailedAttempts.Kind = secret == nil ? .token : .key
        if kind == .token, let seconds = failures.wait(address, kind, at: now),
            !failures.wasGood(address, credential: trace, at: now)
        {
            throw Self.tooManyFailures(seconds)
        }
        do {
            let caller = try await resolve(credential, secret, at: now)
            if kind == .token { failures.noteSuccess(address, credential: trace, at: now) }
            return caller
        } catch let problem as Problem where problem.kind == .unauthorized {
            if let seconds = failures.wait(address, kind, at: now) { throw Self.tooManyFailures(seconds) }
            failures.noteFailure(address, kind, at: now)
            throw problem
        }
    }

    private static func tooManyFailures(_ seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "too_many_failures",
            detail: "Too many failed authentications from this address; wait \(seconds) seconds.",
            headers: [("Retry-After", String(seconds))])
    }

    private func resolve(_ credential: String, _ secret: APIKeySecret?, at now: Timestamp) async throws -> Caller {
        if adminToken.matches(credential) { return .admin }
        guard let secret else { throw Self.refusal("invalid_credentials", "The credentials are not known.") }
        let found = try await database.read(.platform) { sql -> (APIKeyRecord, TenantRecord)? in
            for key in try APIKeyRepository(sql).find(lookupPrefix: secret.lookupPrefix)
            where ConstantTime.equal(key.hash, secret.hash) {
                guard let tenant = try TenantRepository(sql).find(key.tenantID) else { return nil }
                return (key, tenant)
            }
            return nil
        }
        guard let (key, tenant) = found, tenant.isProvisioned, tenant.status != .deleted else {
            throw Self.refusal("invalid_credentials", "The credentials are not known.")
        }
        if let revokedAt = key.revokedAt, revokedAt <= now {
            throw Self.refusal("api_key_revoked", "The API key has been revoked.")
        }
        if let expiresAt = key.expiresAt, expiresAt <= now {
            throw Self.refusal("api_key_expired", "The API key has expired.")
        }
        keyUse.note(key, at: now)
        return .tenant(tenant, key)
    }

    private func bearer(_ headers: HTTPFields) throws(Problem) -> String {
        guard let header = headers[.authorization] else {
            throw Self.refusal(
                "unauthenticated", "Send an Authorization header: Bearer, then the admin token or an API key.")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= 1024 else {
            throw Self.refusal("unauthenticated", "The Authorization header must be: Bearer, a space, the credential.")
        }
        return String(parts[1].drop { $0 == " " })
    }

    private static func refusal(_ code: String, _ detail: String) -> Problem {
        Problem(
            .unauthorized, code: code, detail: detail,
            headers: [("WWW-Authenticate", "Bearer realm=\"mockforge\"")])
    }
}
