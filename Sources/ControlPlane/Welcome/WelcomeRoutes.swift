import Domain
import HTTPTypes
import JSON
import Persistence

/// `/welcome`: where the link of the welcome mail leads. A look changes nothing; the confirmation makes one API key.
enum WelcomeRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/welcome", .anyone { _ in WelcomePage.confirmation }),
        Endpoint(
            .post, "/welcome", body: .smallForm,
            .anyone { context in
                guard context.request.isForm else { return try await redeem(try token(context), context) }
                do {
                    return try await redeem(FormFields(context.request.body)["token"] ?? "", context)
                } catch let problem as Problem {
                    return WelcomePage.refusal(problem)
                }
            }),
    ]

    private static let notValid = Problem(
        .notFound, code: "link_not_valid",
        detail: "This link is unknown, used or too old. An administrator of the account can make a key, "
            + "and so can whoever runs this service.")

    private static func token(_ context: OpenContext) throws -> String {
        let violations = Violations()
        let token = ObjectReader(try context.request.json(), known: ["token"], violations: violations)?
            .string("token", required: true)
        try violations.throwIfAny()
        return token ?? ""
    }

    private static func redeem(_ token: String, _ context: OpenContext) async throws -> Reply {
        guard OneTimeLink.isToken(token) else { throw notValid }
        let (platform, hash) = (context.platform, OneTimeLink.hash(token))
        let isForm = context.request.isForm
        let now = platform.surroundings.now()
        let secret = APIKeySecret(from: platform.surroundings)
        return try await context.commit(.platform, as: .link(hash: hash)) { sql in
            guard let id = try OneTimeLinkRepository(sql).redeem(hash, at: now),
                let tenant = try TenantRepository(sql).find(id), tenant.isProvisioned, tenant.status != .deleted
            else { throw notValid }
            let record = secret.record(
                tenant: id, name: "Welcome link", scope: .admin, expiresAt: nil, at: now, platform.surroundings)
            try APIKeyRepository(sql).insert(record)
            let api = platform.addresses.urls(of: id, tenant.subdomain)["api"]?.string ?? ""
            let reply =
                isForm
                ? WelcomePage.key(secret.text, name: tenant.name, api: api)
                : Reply.created(
                    record.json.merging(["api_key": .string(secret.text), "tenant_id": .string(id.text)]),
                    location: "/api/v1/api-keys/\(record.id)"
                ).withSecret()
            return Change(
                reply,
                audit: [
                    AuditNote(
                        "key.create", target: record.id.text, tenant: id,
                        detail: ["name": .string(record.name), "scope": .string(record.scope.rawValue)])
                ],
                announcing: [.tenantChanged(id)])
        }
    }
}
