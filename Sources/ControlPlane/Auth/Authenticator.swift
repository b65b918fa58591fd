import Crypto
import Domain
import Foundation
import HTTPTypes
import Persistence

/// Tells who sends a request.
struct Authenticator: Sendable {
    let adminToken: AdminToken
    let platform: Platform
    let keyUse: KeyUse
    private var failures: FailedAttempts { platform.attempts }

    enum Caller: Sendable {
        case admin
        case tenant(TenantRecord, TenantCaller)
    }

    /// - Throws: 401 for credentials that are missing, unknown, revoked or expired; 429 in their place after too many
    ///   failures; 403 for a browser's request that another site's page may have sent. A valid API key or session passes
    ///   whatever others at its address have failed at: nobody guesses 32 random bytes, so looking is safe. The operator's token may have been chosen by a person: past the limit it is not even
    ///   compared, unless it was good from there lately.
    func caller(_ head: HTTPRequest, from address: String) async throws -> Caller {
        let credential = try credential(head)
        let now = platform.surroundings.now()
        let trace = Hexadecimal.text(SHA256.hash(data: Data(credential.utf8)))
        let isGuessable = APIKeySecret(credential) == nil && SessionToken(credential) == nil
        let kind: FailedAttempts.Kind = isGuessable ? .token : .key
        if kind == .token, let seconds = failures.wait(address, kind, at: now),
            !failures.wasGood(address, credential: trace, at: now)
        {
            throw FailedAttempts.refusal(seconds)
        }
        do {
            let caller = try await resolve(credential, at: now)
            if kind == .token { failures.noteSuccess(address, credential: trace, at: now) }
            return caller
        } catch let problem as Problem where problem.kind == .unauthorized {
            if let seconds = failures.wait(address, kind, at: now) { throw FailedAttempts.refusal(seconds) }
            failures.noteFailure(address, kind, at: now)
            throw problem
        }
    }

    private func resolve(_ credential: String, at now: Timestamp) async throws -> Caller {
        if adminToken.matches(credential) { return .admin }
        if let token = SessionToken(credential) { return try await resolve(token, at: now) }
        guard let secret = APIKeySecret(credential) else {
            throw Self.refusal("invalid_credentials", "The credentials are not known.")
        }
        let found = try await platform.database.read(.platform) { sql -> (APIKeyRecord, TenantRecord)? in
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
        return .tenant(tenant, TenantCaller(key))
    }

    /// The member is read with every request, so that a new role or a removal holds at once, on every node.
    private func resolve(_ token: SessionToken, at now: Timestamp) async throws -> Caller {
        let ended = Self.refusal("session_ended", "The session is unknown or has ended; sign in again.")
        guard
            let session = try await platform.sessions.find(
                token.hash, of: token.tenant, keepingFor: SessionToken.idle),
            session.endsAt > now,
            let tenant = try await platform.database.read(
                .platform, { sql in try TenantRepository(sql).find(token.tenant) }),
            tenant.isProvisioned, tenant.status != .deleted,
            let member = try await platform.database.read(
                .tenant(tenant.id), { sql in try MemberRepository(sql).find(session.member) })
        else { throw ended }
        let signIn = SignIn(member: member, session: session, tokenHash: token.hash)
        return .tenant(tenant, TenantCaller(signIn, of: tenant.id))
    }

    /// What the `Authorization` header holds, or else the session of a browser.
    private func credential(_ head: HTTPRequest) throws(Problem) -> String {
        let cookie = SessionCookie(platform.addresses)
        guard head.headerFields[.authorization] == nil, let token = cookie.token(in: head) else {
            return try bearer(head.headerFields)
        }
        if head.method != .get, head.method != .head { try cookie.requireOwnPage(head) }
        return token.text
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
