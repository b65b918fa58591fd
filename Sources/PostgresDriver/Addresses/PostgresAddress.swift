/// Where a PostgreSQL server is and how to use it: what `database.url` says.
///
/// `postgres://user:password@host:5432/database?sslmode=verify-full&pool_size=10`. Several hosts parted by commas are tried
/// in order. The password never appears in a description.
package struct PostgresAddress: Sendable, Hashable {
    /// How far TLS is asked for, in libpq's words.
    package enum TLSMode: String, Sendable, Hashable, CaseIterable {
        case disable, allow, prefer, require
        case verifyAuthority = "verify-ca"
        case verifyFull = "verify-full"
    }

    /// Whether statements of the platform schema are kept prepared on the server.
    package enum PreparedStatements: String, Sendable, Hashable, CaseIterable {
        /// Unless a pooler stands in between.
        case auto
        case always = "true"
        case never = "false"
    }

    package struct Host: Sendable, Hashable {
        package var name: String
        package var port: Int

        package init(name: String, port: Int) {
            self.name = name
            self.port = port
        }
    }

    /// At least one; a name that begins with `/` is the folder of a Unix socket.
    package var hosts: [Host]
    package var user: String?
    package var password: String?
    package var database: String
    package var tlsMode = TLSMode.prefer
    /// PEM files.
    package var rootCertificateFile: String?
    package var certificateFile: String?
    package var privateKeyFile: String?
    /// The most connections that this process opens.
    package var poolSize = 10
    /// How long a unit of work waits for a connection.
    package var poolTimeout = Duration.seconds(5)
    package var connectTimeout = Duration.seconds(5)
    /// How long one statement may take; the server ends it then.
    package var statementTimeout = Duration.seconds(30)
    /// How long a migration waits for a table that is in use before it lets others go first and tries again.
    package var lockTimeout = Duration.seconds(5)
    package var preparedStatements = PreparedStatements.auto
    /// A connection that has served this many tenants is closed: what the server remembers of each is never given back.
    package var tenantsPerConnection = 500

    /// Why a text is no address, or why the server at it turns us away for good: one sentence without secrets.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let sentence: String
        package init(_ sentence: String) { self.sentence = sentence }
        package var description: String { sentence }
    }

    /// `host:port`, several parted by commas.
    package var authority: String {
        hosts.map { $0.name.contains(":") ? "[\($0.name)]:\($0.port)" : "\($0.name):\($0.port)" }
            .joined(separator: ",")
    }

    /// What libpq is told.
    var parameters: [(keyword: String, value: String)] {
        var parameters: [(String, String)] = [
            ("host", hosts.map(\.name).joined(separator: ",")),
            ("port", hosts.map { String($0.port) }.joined(separator: ",")),
            ("dbname", database), ("sslmode", tlsMode.rawValue),
            // libpq takes 1 for 2.
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
            ("client_encoding", "UTF8"), ("application_name", "mockforge"),
            // A server that went away without a word is noticed within a minute.
            ("keepalives_idle", "20"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "60000"),
        ]
        for (keyword, value) in [
            ("user", user), ("password", password), ("sslrootcert", rootCertificateFile),
            ("sslcert", certificateFile), ("sslkey", privateKeyFile),
        ] {
            if let value { parameters.append((keyword, value)) }
        }
        return parameters
    }
}

extension PostgresAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "postgres://\(user.map { "\($0)@" } ?? "")\(authority)/\(database)" }
    package var debugDescription: String { description }
    /// Without the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
