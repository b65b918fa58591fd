package import Domain
package import JSON

/// How the world reaches this installation; decides the `urls` of a tenant.
package struct PublicAddresses: Sendable, Hashable {
    /// `http` or `https`.
    package let scheme: String
    package let baseDomain: String
    /// Nil when it is the scheme's own, which URLs leave out.
    package let port: Int?

    package init(scheme: String = "http", baseDomain: String = "localhost", port: Int? = nil) {
        self.scheme = scheme
        self.baseDomain = baseDomain
        self.port = (scheme == "http" && port == 80) || (scheme == "https" && port == 443) ? nil : port
    }

    private func url(host: String, path: String = "") -> JSON {
        .string("\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")\(path)")
    }

    /// Every address at which a tenant's default workspace answers, and the API for its keys.
    package func urls(of tenant: TenantID, _ subdomain: Subdomain) -> JSON {
        [
            "subdomain": url(host: "\(subdomain).\(baseDomain)"),
            "id_subdomain": url(host: "tenant-\(tenant).\(baseDomain)"),
            "path": url(host: baseDomain, path: "/tenant/\(tenant)"),
            "short_path": url(host: baseDomain, path: "/t/\(tenant)"),
            "api": url(host: baseDomain, path: "/api/v1"),
        ]
    }

    /// The one host on which no mock answers, as a browser's `Host` names it.
    var apiAuthority: String { "api.\(baseDomain)" + (port.map { ":\($0)" } ?? "") }

    /// As a browser's `Origin` names it.
    var apiOrigin: String { "\(scheme)://\(apiAuthority)" }

    var isSecure: Bool { scheme == "https" }

    /// Where a person asks for a link to sign in.
    var signInPage: String { apiOrigin + "/v1/sign-in" }

    /// Where a link leads that signs a member in; the token is behind the `#` as below.
    func signIn(token: String) -> String { apiOrigin + "/v1/sessions#\(token)" }

    /// Where a one-time link leads. The token is behind the `#`, which no browser sends and no server logs.
    func welcome(token: String) -> String { url(host: baseDomain, path: "/api/v1/welcome#\(token)").string ?? "" }

    /// Where a mock answers.
    ///
    /// - Parameter workspace: nil for the default one, which needs no name in its address.
    func url(of subdomain: Subdomain, workspace: Slug?, basePath: String) -> JSON {
        url(host: "\(subdomain).\(baseDomain)", path: (workspace.map { "/w/\($0)" } ?? "") + basePath)
    }
}
