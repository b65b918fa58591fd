import Crypto
import Domain
import Foundation

/// The two pages behind a one-time link. Nothing is loaded from elsewhere, and no other site may show them in a frame.
enum WelcomePage {
    /// The first page is the same for everyone: it asks nothing of the database, so that a mail scanner that follows the
    /// link uses nothing up and learns nothing.
    static let confirmation = reply(
        status: 200, allowing: script,
        """
        <h1>Your API key</h1>
        <p>The button makes one API key with full rights on your account and shows it once.
        The link does not work again after that.</p>
        <form method="post" action="welcome">
        <p><label>Code from the mail, if it is not here yet: what stands behind the # of the link<br>
        <input name="token" autocomplete="off" spellcheck="false" required size="48"></label></p>
        <p><button>Show my API key</button></p>
        </form>
        <script>\(script)</script>
        """)

    /// Takes the token out of the address, and so out of the browser's history.
    private static let script =
        "if(location.hash.length>1){document.forms[0].token.value=location.hash.slice(1);"
        + "history.replaceState(null,'',location.pathname)}"

    static func key(_ secret: String, name: String, api: String) -> Reply {
        reply(
            status: 201, allowing: nil,
            """
            <h1>Your API key</h1>
            <p>This is the key of “\(HTMLText.escape(name))”. It is not shown again: keep it where you keep passwords.</p>
            <pre>\(HTMLText.escape(secret))</pre>
            <p>Send it as <code>Authorization: Bearer …</code> to \(HTMLText.escape(api)).</p>
            """)
    }

    static func refusal(_ problem: Problem) -> Reply {
        reply(
            status: problem.kind.rawValue, allowing: nil,
            "<h1>No key here</h1><p>\(HTMLText.escape(problem.detail))</p>")
    }

    private static func reply(status: Int, allowing script: String?, _ body: String) -> Reply {
        let page = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>MockForge</title>
            <meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"></head>
            <body>
            \(body)
            </body></html>

            """
        let hash = script.map { "'sha256-\(Data(SHA256.hash(data: Data($0.utf8))).base64EncodedString())'" } ?? "'none'"
        return Reply(
            status: status,
            headers: [
                (
                    "Content-Security-Policy",
                    "default-src 'none'; script-src \(hash); form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
                ),
                ("Referrer-Policy", "no-referrer"),
            ],
            body: .bytes(Array(page.utf8), mediaType: "text/html; charset=utf-8")
        ).withSecret()
    }
}
