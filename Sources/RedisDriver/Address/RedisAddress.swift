import Domain

/// One Redis server's place.
package struct RedisNode: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Where Redis is and how to sign in:
/// `redis://[user:password@]host:port/db?prefix=mf&timeout_ms=1000`, `rediss://…?ca_file=…` for TLS, and
/// `redis+cluster://host:port,host:port` or `rediss+cluster://…` for a cluster, of which some nodes suffice.
package struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with an address, as a sentence without its password.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }
    }

    /// One server, or some nodes of a cluster.
    package let nodes: [RedisNode]
    package let isCluster: Bool
    package let isSecure: Bool
    let user: String?
    let password: String?
    /// The database number; 0 in a cluster.
    package let database: Int
    /// What every key and channel begins with, so that several installations can share a server.
    package let prefix: String
    /// PEM file with the certificates that are trusted in place of the system's.
    let trustedCertificates: String?
    /// PEM files with which this side proves who it is.
    let certificate: String?
    let privateKey: String?
    /// How long a command may take, and how long a connection may take to open.
    package let timeout: Duration

    /// Nothing secret.
    package var description: String {
        let scheme = (isSecure ? "rediss" : "redis") + (isCluster ? "+cluster" : "")
        return "\(scheme)://\(nodes.map(\.description).joined(separator: ","))" + (isCluster ? "" : "/\(database)")
    }

    /// - Throws: `Refusal` for what is no such address.
    package init(_ url: String) throws(Refusal) {
        let schemes = [("redis", false, false), ("rediss", true, false), ("redis+cluster", false, true)]
        guard let end = url.firstRange(of: "://"),
            let scheme = (schemes + [("rediss+cluster", true, true)]).first(where: { $0.0 == url[..<end.lowerBound] })
        else {
            throw Refusal(
                "does not begin with redis://, rediss://, redis+cluster:// or rediss+cluster://; "
                    + "write redis://host:6379/0")
        }
        (isSecure, isCluster) = (scheme.1, scheme.2)
        let rest = url[end.upperBound...]
        let question = rest.firstIndex(of: "?") ?? rest.endIndex
        let options = try Self.options(rest[question...].dropFirst())
        var place = rest[..<question]
        // A password may hold an unescaped "@"; a host cannot.
        if let at = place.lastIndex(of: "@") {
            (user, password) = try Self.credentials(place[..<at])
            place = place[place.index(after: at)...]
        } else {
            (user, password) = (nil, nil)
        }
        let slash = place.firstIndex(of: "/") ?? place.endIndex
        database = try Self.database(place[slash...].dropFirst(), isCluster: isCluster)
        nodes = try Self.nodes(place[..<slash], isCluster: isCluster)
        prefix = try Self.prefix(options["prefix"])
        timeout = try Self.timeout(options["timeout_ms"])
        (trustedCertificates, certificate, privateKey) = (options["ca_file"], options["cert_file"], options["key_file"])
        if !isSecure, trustedCertificates != nil || certificate != nil || privateKey != nil {
            throw Refusal("names certificates without TLS; write rediss:// in place of redis://")
        }
        if (certificate == nil) != (privateKey == nil) {
            throw Refusal("needs both cert_file and key_file, or neither")
        }
    }

    private static func options(_ text: Substring) throws(Refusal) -> [String: String] {
        let known = ["ca_file", "cert_file", "key_file", "prefix", "timeout_ms"]
        var options: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard known.contains(String(parts[0])) else {
                throw Refusal(
                    "has the unknown option \"\(parts[0])\"; there are \(known.joined(separator: ", "))")
            }
            guard parts.count == 2, let value = try? PercentEncoding.decode(parts[1]), !value.isEmpty else {
                throw Refusal("has the option \"\(parts[0])\" without a value")
            }
            options[String(parts[0])] = value
        }
        return options
    }

    private static func credentials(_ text: Substring) throws(Refusal) -> (user: String?, password: String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = try? PercentEncoding.decode(parts[0]),
            let password = try? PercentEncoding.decode(parts[1]),
            !password.isEmpty
        else { throw Refusal("has a user without a password before the @; write user:password@ or :password@") }
        return (user.isEmpty ? nil : user, password)
    }

    private static func database(_ text: Substring, isCluster: Bool) throws(Refusal) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int(text), (0..<1_000_000).contains(number) else {
            throw Refusal("has \"\(text)\" for a database number, which must be 0 or more")
        }
        if isCluster, number != 0 { throw Refusal("names a database number, and a cluster has only 0") }
        return number
    }

    private static func nodes(_ text: Substring, isCluster: Bool) throws(Refusal) -> [RedisNode] {
        var nodes: [RedisNode] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) { nodes.append(try node(part)) }
        if nodes.count > 1, !isCluster {
            throw Refusal("names several servers; write redis+cluster:// for a cluster")
        }
        return nodes
    }

    private static func node(_ text: Substring) throws(Refusal) -> RedisNode {
        var host = text
        var port = 6379
        let hostEnd = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[hostEnd...].lastIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                throw Refusal("has no port number from 1 to 65535 after \"\(text[..<colon])\"")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw Refusal("names no host; write redis://host:6379/0") }
        return RedisNode(host: String(host), port: port)
    }

    private static func prefix(_ text: String?) throws(Refusal) -> String {
        guard let text else { return "mf" }
        guard text.utf8.count <= 64, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x7B && $0 != 0x7D })
        else { throw Refusal("has a prefix that is not 1 to 64 visible characters without braces") }
        return text
    }

    private static func timeout(_ text: String?) throws(Refusal) -> Duration {
        guard let text else { return .milliseconds(1000) }
        guard let milliseconds = Int(text), (10...60_000).contains(milliseconds) else {
            throw Refusal("has a timeout_ms that is not a number from 10 to 60000")
        }
        return .milliseconds(milliseconds)
    }
}
