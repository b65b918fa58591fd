import Domain

/// Reads the text of a `PostgresAddress`.
extension PostgresAddress {
    private static let example = "write postgres://user:password@host:5432/database"

    /// The query parameters that an address knows.
    package static let parameterNames = [
        "connect_timeout", "host", "lock_timeout", "pool_size", "pool_timeout", "prepared_statements", "sslcert",
        "sslkey",
        "sslmode", "sslrootcert", "statement_timeout", "tenants_per_connection",
    ]

    /// - Throws: `Refusal` with a sentence that names what is wrong and what to write; never with the password.
    package init(_ text: String) throws(Refusal) {
        guard let scheme = ["postgres://", "postgresql://"].first(where: { text.hasPrefix($0) }) else {
            throw Refusal("is not a PostgreSQL address; \(Self.example)")
        }
        let rest = text.dropFirst(scheme.count)
        if rest.contains("#") { throw Refusal("has a \"#\"; write %23 where one belongs to the password") }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let pathParts = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard pathParts.count == 2, !pathParts[1].isEmpty else {
            throw Refusal("names no database; \(Self.example)")
        }
        var authority = pathParts[0]
        if let at = authority.lastIndex(of: "@") {
            let login = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.decoded(login[0], "user")
            password = login.count == 2 ? try Self.decoded(login[1], "password") : nil
            if user?.isEmpty == true { throw Refusal("names no user before the \"@\"; \(Self.example)") }
            authority = authority[authority.index(after: at)...]
        }
        database = try Self.decoded(pathParts[1], "database")
        if database.contains("/") { throw Refusal("has a \"/\" in the name of the database; \(Self.example)") }
        hosts = try Self.hosts(authority)
        if parts.count == 2 { try read(query: parts[1]) }
        if hosts.isEmpty { throw Refusal("names no host; \(Self.example)") }
    }

    private static func hosts(_ authority: Substring) throws(Refusal) -> [Host] {
        var hosts: [Host] = []
        for part in authority.split(separator: ",", omittingEmptySubsequences: true) {
            var name = part
            var port = Substring("5432")
            if part.hasPrefix("["), let end = part.firstIndex(of: "]") {
                name = part[part.index(after: part.startIndex)..<end]
                let rest = part[part.index(after: end)...]
                if rest.hasPrefix(":") { port = rest.dropFirst() }
            } else if let colon = part.lastIndex(of: ":") {
                (name, port) = (part[..<colon], part[part.index(after: colon)...])
            }
            guard let number = Int(port), (1...65535).contains(number) else {
                throw Refusal("has the port \"\(port)\"; a port is a number from 1 to 65535")
            }
            guard !name.isEmpty else { throw Refusal("names no host; \(example)") }
            hosts.append(Host(name: try decoded(name, "host"), port: number))
        }
        return hosts
    }

    private mutating func read(query: Substring) throws(Refusal) {
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard Self.parameterNames.contains(name) else {
                throw Refusal(
                    "has the unknown parameter \"\(name)\"; known are \(Self.parameterNames.joined(separator: ", "))")
            }
            guard parts.count == 2, !parts[1].isEmpty else { throw Refusal("has no value for \(name)") }
            guard seen.insert(name).inserted else { throw Refusal("has \(name) twice") }
            try set(name, try Self.decoded(parts[1], name))
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(Refusal) {
        switch name {
        case "sslmode": tlsMode = try Self.choice(name, value)
        case "sslrootcert": rootCertificateFile = value
        case "sslcert": certificateFile = value
        case "sslkey": privateKeyFile = value
        case "pool_size": poolSize = try Self.number(name, value, 1...500, "connections")
        case "pool_timeout": poolTimeout = .seconds(try Self.number(name, value, 1...300, "seconds"))
        case "connect_timeout": connectTimeout = .seconds(try Self.number(name, value, 2...300, "seconds"))
        case "statement_timeout": statementTimeout = .seconds(try Self.number(name, value, 1...3600, "seconds"))
        case "lock_timeout": lockTimeout = .seconds(try Self.number(name, value, 1...3600, "seconds"))
        case "prepared_statements": preparedStatements = try Self.choice(name, value)
        case "tenants_per_connection":
            tenantsPerConnection = try Self.number(name, value, 1...1_000_000, "tenants")
        case "host":
            guard hosts.isEmpty else { throw Refusal("names a host twice: before the database and as parameter") }
            hosts = [Host(name: value, port: 5432)]
        default: break
        }
    }

    private static func number(
        _ name: String, _ value: String, _ range: ClosedRange<Int>, _ unit: String
    ) throws(Refusal) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw Refusal("has \(name)=\(value); write \(range.lowerBound) to \(range.upperBound) \(unit)")
        }
        return number
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ value: String
    ) throws(Refusal) -> Choice {
        guard let choice = Choice(rawValue: value) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal("has \(name)=\(value); write one of \(known)")
        }
        return choice
    }

    private static func decoded(_ text: Substring, _ part: String) throws(Refusal) -> String {
        do {
            return try PercentEncoding.decode(text)
        } catch {
            switch error {
            case .escape:
                throw Refusal("has a \"%\" in the \(part) that begins no %XX; write %25 for a percent sign")
            case .text:
                throw Refusal("has a \(part) that is not UTF-8 text")
            }
        }
    }
}
