import Domain
package import Persistence

/// Where mail is handed over and as whom: `smtp://user:password@host:587?from=…` with STARTTLS, `smtps://…` with TLS from
/// the first byte.
package struct SMTPAddress: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with an address, as a sentence without its secrets.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }
    }

    package enum Security: Sendable, Hashable {
        /// STARTTLS before anything else is said; no mail goes without it.
        case startTLS
        /// TLS from the first byte.
        case implicit
        case none
    }

    package let host: String
    package let port: Int
    package let security: Security
    package let login: Login?
    package let sender: MailSender
    /// A PEM file with the authorities to trust, in place of the system's.
    package let authorityFile: String?

    package struct Login: Sendable, Hashable {
        package let user: String
        let password: String
    }

    /// - Throws: `Refusal` for what is no such address.
    package init(_ url: String) throws(Refusal) {
        let isImplicit = url.hasPrefix("smtps://")
        guard isImplicit || url.hasPrefix("smtp://") else {
            throw Refusal("does not begin with smtp:// or smtps://; write smtp://user:password@host:587?from=…")
        }
        var rest = url.dropFirst(isImplicit ? "smtps://".count : "smtp://".count)
        var query = Substring()
        if let question = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: question)...]
            rest = rest[..<question]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        login = try Self.login(&rest)
        (host, port) = try Self.place(rest, standard: isImplicit ? 465 : 587)
        let options = try Self.options(query)
        switch options["tls"] {
        case nil, "required": security = isImplicit ? .implicit : .startTLS
        case "none" where !isImplicit: security = .none
        case "none": throw Refusal("has tls=none with smtps://; write smtp:// for a connection without TLS")
        case let value?: throw Refusal("has tls=\(value); write tls=required or tls=none")
        }
        guard let from = options["from"] else {
            throw Refusal("does not say whom mail comes from; add ?from=noreply@your-domain")
        }
        guard MailAddress.isValid(from) else { throw Refusal("has from=\(from), which is no mail address") }
        sender = MailSender(address: from, name: options["from_name"] ?? "MockForge")
        authorityFile = options["ca_file"]
    }

    /// Without user and password.
    package var description: String { "smtp\(security == .implicit ? "s" : "")://\(host):\(port)" }

    private static func login(_ rest: inout Substring) throws(Refusal) -> Login? {
        guard let at = rest.lastIndex(of: "@") else { return nil }
        let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        rest = rest[rest.index(after: at)...]
        guard parts.count == 2, let user = decoded(parts[0]), !user.isEmpty, let password = decoded(parts[1]),
            !password.isEmpty
        else { throw Refusal("has a login that is not user:password; write \"@\" and \"/\" in it as %40 and %2F") }
        return Login(user: user, password: password)
    }

    private static func place(_ text: Substring, standard: Int) throws(Refusal) -> (String, Int) {
        var host = text
        var port = standard
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                throw Refusal("has no port number behind \"\(text[..<colon]):\"")
            }
            port = number
            host = text[..<colon]
        }
        let isHost = host.utf8.allSatisfy {
            (97...122).contains($0 | 0x20) || (48...57).contains($0) || ".-:[]".utf8.contains($0)
        }
        guard !host.isEmpty, isHost else { throw Refusal("has no host name before its port or options") }
        return (String(host), port)
    }

    private static let known = ["ca_file", "from", "from_name", "tls"]

    private static func options(_ query: Substring) throws(Refusal) -> [String: String] {
        var values: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard known.contains(name) else {
                throw Refusal("has an unknown option \"\(name)\"; known are \(known.joined(separator: ", "))")
            }
            guard parts.count == 2, let value = decoded(parts[1]), !value.isEmpty else {
                throw Refusal("has the option \(name) without a value")
            }
            guard values.updateValue(value, forKey: name) == nil else { throw Refusal("has the option \(name) twice") }
        }
        return values
    }

    /// Nil for a broken escape, what is not UTF-8, or a control character.
    private static func decoded(_ text: Substring) -> String? {
        guard let result = try? PercentEncoding.decode(text), result.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            return nil
        }
        return result
    }
}

extension SMTPAddress.Login: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { user }
    package var debugDescription: String { user }
}
