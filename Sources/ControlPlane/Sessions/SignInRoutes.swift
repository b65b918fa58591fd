import Domain
import HTTPTypes
import JSON
import Persistence

/// `/sign-in`: whoever says to be a member gets a link by mail. The answer is the same for everyone and takes the same work:
/// whether there is such a member is looked at later, by `SignInReconciler`.
enum SignInRoutes {
    /// Requests that wait; what comes when there are more is not kept.
    private static let capacity = 10_000

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/sign-in", .anyone { _ in SignInPage.request }),
        Endpoint(
            .post, "/sign-in", body: .smallForm,
            .anyone { context in
                guard context.request.isForm else {
                    let accepted = Reply(status: 202, body: .json(["status": "accepted"]))
                    return try await ask(try body(context.request), context, answering: accepted)
                }
                return try await SignInPage.answer {
                    let fields = FormFields(context.request.body)
                    return try await ask(
                        try checked(email: fields["email"] ?? "", subdomain: fields["subdomain"] ?? ""), context,
                        answering: SignInPage.requested)
                }
            }),
    ]

    private static func body(_ request: APIRequest) throws -> (email: String, subdomain: String) {
        let violations = Violations()
        let reader = ObjectReader(try request.json(), known: ["email", "subdomain"], violations: violations)
        let email = reader?.string("email", required: true, length: 3...254)
        let subdomain = reader?.string("subdomain", required: true, length: 1...63)
        try violations.throwIfAny()
        return (email?.lowercased() ?? "", subdomain?.lowercased() ?? "")
    }

    private static func checked(email: String, subdomain: String) throws -> (email: String, subdomain: String) {
        guard (3...254).contains(email.utf8.count), (1...63).contains(subdomain.utf8.count) else {
            throw Problem(
                .unprocessable, code: "validation_failed", detail: "Give an email address and the tenant's subdomain.")
        }
        return (email.lowercased(), subdomain.lowercased())
    }

    private static func ask(
        _ wish: (email: String, subdomain: String), _ context: OpenContext, answering reply: Reply
    ) async throws -> Reply {
        let platform = context.platform
        let now = platform.surroundings.now()
        try platform.attempts.note(context.request.remoteAddress, .signIn, at: now)
        let request = SignInRequest(
            id: SignInRequestID(from: platform.surroundings), subdomain: wish.subdomain, email: wish.email,
            createdAt: now)
        let answer = try await context.commit(.platform, as: .visitor) { sql in
            let requests = SignInRepository(sql)
            if try requests.requestCount() < capacity { try requests.insert(request) }
            return Change(reply, audit: [])
        }
        platform.signInNudge.nudge()
        return answer
    }
}
