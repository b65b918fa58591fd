/// What `serve` prints on standard output once it listens.
enum Welcome {
    static func text(_ settings: Settings, token: OperatorToken) -> [String] {
        let scheme = settings.tls == nil ? "http" : "https"
        var lines = [
            "MockForge \(Version.text) listens on \(scheme)://\(settings.host):\(settings.port)",
            "Metrics and health are on http://\(settings.managementHost):\(settings.managementPort)",
        ]
        if token.isNew, let file = token.file {
            lines += [
                "Admin token, shown once: \(token.text)",
                "It is kept in \(file); set MOCKFORGE_ADMIN_TOKEN to use one of your own.",
            ]
        }
        return lines
    }

    /// Three commands that work, for the demo tenant.
    static func demo(_ settings: Settings, token: OperatorToken, key: String?) -> [String] {
        let port = settings.port
        let domain = settings.baseDomain
        let bearer = token.file.map { "$(cat \($0))" } ?? "$MOCKFORGE_ADMIN_TOKEN"
        var lines: [String] = []
        if let key { lines.append("API key of the demo tenant, shown once: \(key)") }
        lines += [
            "Try:",
            "  curl http://demo.\(domain):\(port)/api/products",
            "  curl http://\(domain):\(port)/t/demo/api/products",
            "  curl -H \"Authorization: Bearer \(bearer)\" http://\(domain):\(port)/api/v1/tenants",
        ]
        return lines
    }
}
