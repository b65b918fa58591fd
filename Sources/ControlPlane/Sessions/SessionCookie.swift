import Domain
import HTTPTypes

/// The cookie that keeps a browser signed in, and what a request with it must have.
///
/// It is set and read on the API's own host only. Everywhere else on the base domain a tenant's mocks answer too, and their
/// pages could act with the cookie as if they were the API's.
struct SessionCookie: Sendable {
    private let addresses: PublicAddresses

    init(_ addresses: PublicAddresses) { self.addresses = addresses }

    /// Over TLS the prefix makes browsers refuse the cookie from any other host below the base domain.
    private var name: String { addresses.isSecure ? "__Host-mockforge_session" : "mockforge_session" }

    /// The session token that a browser sent, if it sent one to the API's own host.
    func token(in head: HTTPRequest) -> SessionToken? {
        guard isOwnHost(head) else { return nil }
        for field in head.headerFields[values: .cookie] {
            for pair in field.split(separator: ";") {
                let text = pair.drop { $0 == " " }
                if text.hasPrefix(name + "="), let token = SessionToken(String(text.dropFirst(name.count + 1))) {
                    return token
                }
            }
        }
        return nil
    }

    /// Refuses what another site's page could have sent: for every request that acts by the cookie, or sets it.
    func requireOwnPage(_ head: HTTPRequest) throws(Problem) {
        guard isOwnHost(head), head.headerFields[.origin]?.lowercased() == addresses.apiOrigin else {
            throw Problem(
                .forbidden, code: "cross_site_request",
                detail: "A browser may do this from a page of \(addresses.apiOrigin) only; programs send the session "
                    + "token in an Authorization header.")
        }
    }

    /// The header that sets the cookie; nil where a browser must not have one.
    func setting(_ token: SessionToken, for head: HTTPRequest) -> (name: String, value: String)? {
        isOwnHost(head) ? header(token.text, maxAge: SessionToken.lifetime.components.seconds) : nil
    }

    /// The header that makes a browser forget the cookie.
    var removal: (name: String, value: String) { header("", maxAge: 0) }

    private func header(_ value: String, maxAge: Int64) -> (name: String, value: String) {
        let attributes = "Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax" + (addresses.isSecure ? "; Secure" : "")
        return ("Set-Cookie", "\(name)=\(value); \(attributes)")
    }

    private func isOwnHost(_ head: HTTPRequest) -> Bool {
        head.authority.map { $0.lowercased() == addresses.apiAuthority } ?? false
    }
}
