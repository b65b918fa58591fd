import Crypto
import Foundation

/// A page of HTML that loads nothing from elsewhere and that no other site may show in a frame.
enum HTMLPage {
    /// Takes the token out of the address, and so out of the browser's history, and puts it into the page's form.
    static let tokenScript =
        "if(location.hash.length>1){document.forms[0].token.value=location.hash.slice(1);"
        + "history.replaceState(null,'',location.pathname)}"

    /// - Parameter script: the only script that the browser may run.
    static func reply(status: Int, allowing script: String?, _ body: String) -> Reply {
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
                // With "no-referrer" a browser would not say either from which page a form was sent.
                ("Referrer-Policy", "same-origin"),
            ],
            body: .bytes(Array(page.utf8), mediaType: "text/html; charset=utf-8")
        ).withSecret()
    }
}
