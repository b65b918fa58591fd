import CPostgres

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A database of one test's own on the server that `MOCKFORGE_TEST_POSTGRES_URL` names; gone with the object.
package final class PostgresTestDatabase: Sendable {
    package let name: String
    package let url: String
    private let server: String

    /// Whether the environment names a server; tests that need one are skipped otherwise.
    package static var isAvailable: Bool { serverURL != nil }

    package static var serverURL: String? { getenv("MOCKFORGE_TEST_POSTGRES_URL").map { String(cString: $0) } }

    /// A pooler before the same server, in transaction mode with one connection for each database.
    package static var poolerURL: String? { getenv("MOCKFORGE_TEST_PGBOUNCER_URL").map { String(cString: $0) } }

    /// Makes the database; blocks the calling thread for a moment.
    package init(server: String? = PostgresTestDatabase.serverURL) {
        guard let server else { fatalError("MOCKFORGE_TEST_POSTGRES_URL is not set") }
        self.server = server
        name = "mockforge_test_" + String(UInt64.random(in: 0 ... .max), radix: 36)
        url = Self.url(server, database: name)
        Self.run("CREATE DATABASE \(name)", at: server)
    }

    /// The address of this database behind the pooler.
    package var pooledURL: String? { Self.poolerURL.map { Self.url($0, database: name) } }

    deinit { Self.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", at: server) }

    /// Runs one statement outside every driver; returns the first column.
    @discardableResult
    package func run(_ sql: String) -> [String] { Self.run(sql, at: url) }

    @discardableResult
    package static func run(_ sql: String, at url: String) -> [String] {
        if let problem = mockforge_load_libpq() { fatalError(String(cString: problem)) }
        let connection = PQconnectdb(url)
        defer { PQfinish(connection) }
        guard PQstatus(connection) == CONNECTION_OK else { fatalError(String(cString: PQerrorMessage(connection))) }
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: return []
        case PGRES_TUPLES_OK: return (0..<PQntuples(result)).map { String(cString: PQgetvalue(result, $0, 0)) }
        default: fatalError("\(sql): \(String(cString: PQerrorMessage(connection)))")
        }
    }

    private static func url(_ server: String, database: String) -> String {
        guard let slash = server.lastIndex(of: "/") else { fatalError("\(server) names no database") }
        return server[...slash] + database
    }
}
