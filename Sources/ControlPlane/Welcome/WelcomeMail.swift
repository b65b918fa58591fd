import Domain
import JSON
import Persistence

/// The first mail to a tenant: where its mocks are, and a link in place of a key, since mail is no place for secrets that
/// last.
enum WelcomeMail {
    static func mail(_ id: MailID, to tenant: TenantRecord, _ addresses: PublicAddresses) -> Mail {
        let urls = addresses.urls(of: tenant.id, tenant.subdomain)
        let (mocks, api) = (urls["subdomain"]?.string ?? "", urls["api"]?.string ?? "")
        // A name could hold the mark of the link.
        let name = tenant.name.replacing(OneTimeLink.mark, with: "")
        let person = tenant.adminName.replacing(OneTimeLink.mark, with: "")
        let greeting = person.isEmpty ? "Hello," : "Hello \(person),"
        return Mail(
            id: id, to: tenant.adminEmail, subject: "\(name) is ready on MockForge",
            text: """
                \(greeting)

                "\(name)" is ready on the \(tenant.plan) plan.

                Mocks answer at: \(mocks)
                The API is at:   \(api)

                Your API key is not in this mail. Get it here:

                \(OneTimeLink.mark)

                The link works once, within three days, and shows the key once. An administrator of the account can
                make further keys at any time.

                """,
            html: """
                <!DOCTYPE html>
                <html lang="en"><body style="font-family: sans-serif; max-width: 36em">
                <p>\(HTMLText.escape(greeting))</p>
                <p>“\(HTMLText.escape(name))” is ready on the \(HTMLText.escape(tenant.plan)) plan.</p>
                <ul>
                <li>Mocks answer at <a href="\(HTMLText.escape(mocks))">\(HTMLText.escape(mocks))</a></li>
                <li>The API is at <a href="\(HTMLText.escape(api))">\(HTMLText.escape(api))</a></li>
                </ul>
                <p>Your API key is not in this mail. <a href="\(OneTimeLink.mark)">Get it here.</a></p>
                <p>The link works once, within three days, and shows the key once. An administrator of the account can
                make further keys at any time.</p>
                </body></html>

                """)
    }
}

enum HTMLText {
    static func escape(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
