import Persistence

/// Why no connection came about, in a sentence for the operator.
struct ConnectFailure: Error, Sendable, Hashable {
    /// Whether another attempt cannot help until someone changes the address or the server's set-up.
    let isRefusal: Bool
    let sentence: String

    /// - Parameter message: libpq's, which has no code to go by when there is no connection.
    init(_ message: String, at address: PostgresAddress) {
        let place = address.authority
        let user = address.user.map { "the user \"\($0)\"" } ?? "the user of this process"
        let reason = Self.reason(message)
        func has(_ text: String) -> Bool { message.contains(text) }
        switch true {
        case has("password authentication failed"), has("no password supplied"), has("SASL authentication failed"):
            self.init(true, "the PostgreSQL server at \(place) refuses the password of \(user)")
        case has("database \"\(address.database)\" does not exist"), has("no such database"):
            self.init(
                true,
                "the PostgreSQL server at \(place) has no database \"\(address.database)\"; create it, or name another one"
            )
        case has("role \"") && has("does not exist"), has("no such user"):
            self.init(true, "the PostgreSQL server at \(place) does not know \(user)")
        case has("no pg_hba.conf entry"), has("is not permitted to log in"), has("permission denied for database"):
            self.init(true, "the PostgreSQL server at \(place) does not let \(user) in: \(reason)")
        case has("does not support SSL"):
            self.init(
                true,
                "the PostgreSQL server at \(place) has no TLS, and sslmode=\(address.tlsMode.rawValue) asks for it")
        case has("certificate"):
            self.init(true, "the TLS certificates of the PostgreSQL server at \(place) or ours are refused: \(reason)")
        case has("could not translate host name"):
            self.init(false, "the host of the PostgreSQL server, \(place), is not known: \(reason)")
        case has("timeout expired"), has("timed out"):
            self.init(false, "the PostgreSQL server at \(place) does not answer in time")
        default:
            self.init(false, "the PostgreSQL server at \(place) cannot be reached: \(reason)")
        }
    }

    /// - Parameter reason: the dynamic linker's.
    init(missingLibrary reason: String) {
        self.init(true, "PostgreSQL needs libpq, which is not installed (on Debian, libpq5): \(reason)")
    }

    private init(_ isRefusal: Bool, _ sentence: String) {
        self.isRefusal = isRefusal
        self.sentence = sentence
    }

    /// As the port says it while serving.
    var unavailable: DatabaseError { .unavailable(sentence) }

    /// The last line that says something: with several hosts the earlier ones are about the others, and hints are indented.
    private static func reason(_ message: String) -> String {
        let line = message.split(separator: "\n").last { !$0.hasPrefix("\t") }.map(String.init) ?? message
        for mark in ["FATAL:  ", "ERROR:  ", "failed: "] {
            if let range = line.ranges(of: mark).last { return String(line[range.upperBound...]) }
        }
        return line
    }
}
