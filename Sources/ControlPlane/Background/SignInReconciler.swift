import Domain
import Logging
import Persistence

/// Sends a link to whoever asked for one and is a member. Who is not gets nothing, and nobody is told.
package struct SignInReconciler: Reconciler {
    package let name = "sign-in"
    private let platform: Platform

    private static let batch = 100
    /// What waited longer is forgotten: the person has gone.
    private static let patience = Duration.seconds(15 * 60)
    /// Links within an hour, so that nobody's mailbox is filled.
    private static let linksOfMember = 5
    private static let linksOfTenant = 100

    package init(platform: Platform) { self.platform = platform }

    package func reconcile() async throws {
        let requests = try await platform.database.read(.platform) { sql in
            try SignInRepository(sql).requests(limit: Self.batch)
        }
        for request in requests {
            if Task.isCancelled { return }
            do {
                try await answer(request)
            } catch {
                // One tenant's trouble must not hold up the others.
                platform.logger.warning("a sign-in request waits", metadata: ["error": "\(error)"])
            }
        }
        if requests.count == Self.batch { platform.signInNudge.nudge() }
    }

    private func answer(_ request: SignInRequest) async throws {
        let now = platform.surroundings.now()
        let mail = request.createdAt + Self.patience > now ? try await mail(for: request) : nil
        let isQueued = try await platform.database.write(.platform) { sql in
            // Of several nodes one takes the request, and its removal commits with the mail.
            guard try SignInRepository(sql).deleteRequest(request.id), let mail, let tenant = mail.tenantID,
                let member = mail.memberLink?.member
            else { return false }
            let outbox = OutboxRepository(sql)
            let since = now - .seconds(3600)
            guard try outbox.memberLinkCount(of: tenant, member, since: since) < Self.linksOfMember,
                try outbox.memberLinkCount(of: tenant, nil, since: since) < Self.linksOfTenant
            else { return false }
            try outbox.insert(mail)
            return true
        }
        if isQueued { platform.mailNudge.nudge() }
    }

    private func mail(for request: SignInRequest) async throws -> OutboxRecord? {
        guard let subdomain = try? Subdomain(request.subdomain),
            let tenant = try await platform.database.read(
                .platform, { sql in try TenantRepository(sql).find(subdomain: subdomain) }),
            tenant.isProvisioned, tenant.status != .deleted
        else { return nil }
        try await FirstOwner.ensure(of: tenant, platform)
        let member = try await platform.database.read(.tenant(tenant.id)) { sql in
            try MemberRepository(sql).find(email: request.email)
        }
        return member.map { SignInMail.requested($0, of: tenant, platform) }
    }
}
