import Domain
import Persistence

/// The pages by which a person signs in with a browser.
enum SignInPage {
    /// Asks who it is.
    static let request = HTMLPage.reply(
        status: 200, allowing: nil,
        """
        <h1>Sign in</h1>
        <p>You get a mail with a link that signs you in.</p>
        <form method="post" action="sign-in">
        <p><label>Subdomain of your company<br>
        <input name="subdomain" autocapitalize="none" spellcheck="false" required maxlength="63"></label></p>
        <p><label>Email<br>
        <input name="email" type="email" autocomplete="email" required maxlength="254"></label></p>
        <p><button>Send me a link</button></p>
        </form>
        """)

    /// The same, whether or not there is such a member.
    static let requested = HTMLPage.reply(
        status: 202, allowing: nil,
        """
        <h1>Look into your mail</h1>
        <p>If there is a member with this address, a link is on its way. It works once, within 15 minutes.</p>
        """)

    /// The page behind the link is the same for everyone: it asks nothing of the database, so that a mail scanner that
    /// follows the link uses nothing up and learns nothing.
    static let confirmation = HTMLPage.reply(
        status: 200, allowing: HTMLPage.tokenScript,
        """
        <h1>Sign in</h1>
        <p>The button signs you in on this browser. The link does not work again after that.</p>
        <form method="post" action="sessions">
        <p><label>Code from the mail, if it is not here yet: what stands behind the # of the link<br>
        <input name="token" autocomplete="off" spellcheck="false" required size="48"></label></p>
        <p><button>Sign in</button></p>
        </form>
        <script>\(HTMLPage.tokenScript)</script>
        """)

    static func signedIn(_ member: MemberRecord, of tenant: TenantRecord, api: String) -> Reply {
        HTMLPage.reply(
            status: 201, allowing: nil,
            """
            <h1>You are signed in</h1>
            <p>As \(HTMLText.escape(member.email)), \(member.role.rawValue) of “\(HTMLText.escape(tenant.name))”.</p>
            <p>This browser may now call the API at \(HTMLText.escape(api)).</p>
            """)
    }

    /// Runs `body` and shows a refusal as a page.
    static func answer(_ body: () async throws -> Reply) async throws -> Reply {
        do { return try await body() } catch let problem as Problem {
            var reply = HTMLPage.reply(
                status: problem.kind.rawValue, allowing: nil,
                """
                <h1>Not signed in</h1>
                <p>\(HTMLText.escape(problem.detail))</p>
                <p><a href="sign-in">Ask for a link</a></p>
                """)
            reply.headers += problem.headers
            return reply
        }
    }
}
