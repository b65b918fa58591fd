import Domain

/// The two pages behind a one-time link.
enum WelcomePage {
    /// The first page is the same for everyone: it asks nothing of the database, so that a mail scanner that follows the
    /// link uses nothing up and learns nothing.
    static let confirmation = HTMLPage.reply(
        status: 200, allowing: HTMLPage.tokenScript,
        """
        <h1>Your API key</h1>
        <p>The button makes one API key with full rights on your account and shows it once.
        The link does not work again after that.</p>
        <form method="post" action="welcome">
        <p><label>Code from the mail, if it is not here yet: what stands behind the # of the link<br>
        <input name="token" autocomplete="off" spellcheck="false" required size="48"></label></p>
        <p><button>Show my API key</button></p>
        </form>
        <script>\(HTMLPage.tokenScript)</script>
        """)

    static func key(_ secret: String, name: String, api: String) -> Reply {
        HTMLPage.reply(
            status: 201, allowing: nil,
            """
            <h1>Your API key</h1>
            <p>This is the key of “\(HTMLText.escape(name))”. It is not shown again: keep it where you keep passwords.</p>
            <pre>\(HTMLText.escape(secret))</pre>
            <p>Send it as <code>Authorization: Bearer …</code> to \(HTMLText.escape(api)).</p>
            """)
    }

    static func refusal(_ problem: Problem) -> Reply {
        HTMLPage.reply(
            status: problem.kind.rawValue, allowing: nil,
            "<h1>No key here</h1><p>\(HTMLText.escape(problem.detail))</p>")
    }
}
