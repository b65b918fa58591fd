import Domain
import HTTPTypes
import JSON
import Persistence

/// `/sessions`, where the link of a mail leads, and `/session`, a member's own. A look at the page changes nothing; the
/// confirmation uses the link up.
enum SessionRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/sessions", .anyone { _ in SignInPage.confirmation }),
        Endpoint(
            .post, "/sessions", body: .smallForm,
            .anyone { context in
                guard context.request.isForm else { return try await create(try token(context.request), context) }
                return try await SignInPage.answer {
                    // Another site must not sign its visitors in as somebody else.
                    try SessionCookie(context.platform.addresses).requireOwnPage(context.request.head)
                    return try await create(FormFields(context.request.body)["token"] ?? "", context)
                }
            }),
        Endpoint(.get, "/session", openToSuspended: true, .tenant(.read, show)),
        Endpoint(.delete, "/session", openToSuspended: true, .tenant(.read, delete)),
    ]

    private static let notValid = Problem(
        .notFound, code: "link_not_valid",
        detail: "This link is unknown, used or too old, or its member has been removed. Ask for another one.")

    private static func token(_ request: APIRequest) throws -> String {
        let violations = Violations()
        let token = ObjectReader(try request.json(), known: ["token"], violations: violations)?
            .string("token", required: true)
        try violations.throwIfAny()
        return token ?? ""
    }

    private static func create(_ token: String, _ context: OpenContext) async throws -> Reply {
        let platform = context.platform
        let now = platform.surroundings.now()
        guard OneTimeLink.isToken(token), let (link, tenant, member) = try await find(token, platform) else {
            try platform.attempts.note(context.request.remoteAddress, .signIn, at: now)
            throw notValid
        }
        let secret = SessionToken(of: tenant.id, from: platform.surroundings)
        let session = SessionRecord(member: member.id, createdAt: now, endsAt: now + SessionToken.lifetime)
        let answer = reply(secret, session, signedIn(member, at: now), tenant, context)
        // Kept first, so that a link is not used up for a session that cannot be kept. Nobody has seen the token yet.
        try await platform.sessions.insert(session, under: secret.hash, of: tenant.id, for: SessionToken.idle)
        let reply: Reply
        do {
            reply = try await context.commit(.platform, as: .link(hash: link.tokenHash)) { sql in
                guard try SignInRepository(sql).redeem(link, at: now) else { throw notValid }
                return Change(
                    answer,
                    audit: [AuditNote("session.create", target: member.id.text, tenant: tenant.id)])
            }
        } catch {
            try? await platform.sessions.remove(secret.hash, of: tenant.id)
            throw error
        }
        guard !reply.isReplayed else {
            try await platform.sessions.remove(secret.hash, of: tenant.id)
            return reply
        }
        try await platform.database.write(.tenant(tenant.id)) { sql in
            try MemberRepository(sql).markSignedIn(member.id, at: now)
        }
        return reply
    }

    /// Whose link it is, used or not.
    private static func find(
        _ token: String, _ platform: Platform
    ) async throws -> (SignInLinkRecord, TenantRecord, MemberRecord)? {
        let found = try await platform.database.read(.platform) { sql -> (SignInLinkRecord, TenantRecord)? in
            guard let link = try SignInRepository(sql).find(OneTimeLink.hash(token)),
                let tenant = try TenantRepository(sql).find(link.tenantID), tenant.isProvisioned,
                tenant.status != .deleted
            else { return nil }
            return (link, tenant)
        }
        guard let (link, tenant) = found,
            let member = try await platform.database.read(
                .tenant(tenant.id), { sql in try MemberRepository(sql).find(link.memberID) })
        else { return nil }
        return (link, tenant, member)
    }

    private static func signedIn(_ member: MemberRecord, at now: Timestamp) -> MemberRecord {
        var member = member
        member.status = .active
        member.lastSignInAt = now
        return member
    }

    private static func reply(
        _ secret: SessionToken, _ session: SessionRecord, _ member: MemberRecord, _ tenant: TenantRecord,
        _ context: OpenContext
    ) -> Reply {
        var reply =
            context.request.isForm
            ? SignInPage.signedIn(member, of: tenant, api: context.platform.addresses.apiOrigin + "/v1")
            : Reply.created(
                json(session, member, tenant).merging(["session_token": .string(secret.text)]),
                location: "/api/v1/session"
            ).withSecret()
        if let cookie = SessionCookie(context.platform.addresses).setting(secret, for: context.request.head) {
            reply.headers.append(cookie)
        }
        return reply
    }

    private static func json(_ session: SessionRecord, _ member: MemberRecord, _ tenant: TenantRecord) -> JSON {
        [
            "tenant_id": .string(tenant.id.text), "created_at": .string(session.createdAt.rfc3339),
            "expires_at": .string(session.endsAt.rfc3339), "member": member.json,
        ]
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let signIn = try signIn(context)
        return .object(json(signIn.session, signIn.member, context.tenant))
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let signIn = try signIn(context)
        try await context.platform.sessions.remove(signIn.tokenHash, of: context.tenant.id)
        var reply = Reply.noContent
        reply.headers.append(SessionCookie(context.platform.addresses).removal)
        return try await context.writeAccount { [reply] _, _ in
            Change(reply, audit: [AuditNote("session.delete", target: signIn.member.id.text)])
        }
    }

    private static func signIn(_ context: TenantContext) throws(Problem) -> SignIn {
        guard let signIn = context.caller.signIn else {
            throw Problem(.notFound, code: "no_session", detail: "An API key has no session; only a member signs in.")
        }
        return signIn
    }
}
