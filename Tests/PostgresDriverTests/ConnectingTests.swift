import Foundation
import Persistence
import TestSupport
import Testing

@testable import PostgresDriver

@Suite struct `Connecting to PostgreSQL` {
    /// The sentence of the failure, and whether the address itself is at fault.
    private func failure(_ url: String, _ change: (inout PostgresAddress) -> Void = { _ in }) async throws -> (
        String, Bool
    ) {
        do {
            try await open(url, change).connect()
            return ("no error", false)
        } catch let refusal as PostgresAddress.Refusal {
            return (refusal.sentence, true)
        } catch DatabaseError.unavailable(let sentence) {
            return (sentence, false)
        }
    }

    private func open(_ url: String, _ change: (inout PostgresAddress) -> Void) throws -> PostgresDatabase {
        try PostgresDriverTests.open(url, change)
    }

    @Test func `a server that is not there is named`() async throws {
        let (sentence, isRefusal) = try await failure("postgres://u:secret@127.0.0.1:1/d")
        #expect(sentence.hasPrefix("the PostgreSQL server at 127.0.0.1:1 cannot be reached: "), "\(sentence)")
        #expect(sentence.contains("Connection refused"))
        #expect(!isRefusal && !sentence.contains("secret"))
    }

    @Test func `a host that does not exist is named`() async throws {
        let (sentence, isRefusal) = try await failure("postgres://u:secret@nowhere.invalid/d")
        #expect(
            sentence.hasPrefix("the host of the PostgreSQL server, nowhere.invalid:5432, is not known"), "\(sentence)")
        #expect(!isRefusal)
    }

    @Test(.needsPostgres) func `a database that does not exist is named`() async throws {
        let server = PostgresTestDatabase()
        let (sentence, isRefusal) = try await failure(server.url + "x")
        #expect(sentence.contains("has no database \"\(server.name)x\"; create it, or name another one"), "\(sentence)")
        #expect(isRefusal)
    }

    @Test(.needsPostgres) func `an unknown user is named`() async throws {
        let url = PostgresTestDatabase().url.replacing("postgres@", with: "stranger@")
        let (sentence, isRefusal) = try await failure(url)
        #expect(sentence.contains("does not know the user \"stranger\""), "\(sentence)")
        #expect(isRefusal)
    }

    @Test(.needsPostgres) func `a missing right is named`() async throws {
        let server = PostgresTestDatabase()
        let login = "weak_\(server.name)"
        server.run("CREATE ROLE \(login) LOGIN")
        let database = try open(server.url.replacing("postgres@", with: "\(login)@")) { _ in }
        do {
            try await database.connect()
            Issue.record("connected")
        } catch DatabaseError.failed(let sentence) {
            #expect(sentence.contains("permission denied for database"), "\(sentence)")
        }
        try await database.close()
        server.run("DROP ROLE \(login)")
    }

    @Test(arguments: [
        (
            "connection to server at \"h\" (::1), port 5432 failed: FATAL:  password authentication failed for user \"u\"\n",
            "the PostgreSQL server at h:5432 refuses the password of the user \"u\"", true
        ),
        (
            "connection to server at \"h\" (::1), port 5432 failed: fe_sendauth: no password supplied\n",
            "the PostgreSQL server at h:5432 refuses the password of the user \"u\"", true
        ),
        (
            "connection to server at \"h\", port 5432 failed: server does not support SSL, but SSL was required\n",
            "the PostgreSQL server at h:5432 has no TLS, and sslmode=prefer asks for it", true
        ),
        (
            "connection to server at \"h\" failed: SSL error: certificate verify failed\n",
            "the TLS certificates of the PostgreSQL server at h:5432 or ours are refused: SSL error: certificate verify failed",
            true
        ),
        (
            "connection to server at \"h\" failed: timeout expired\n",
            "the PostgreSQL server at h:5432 does not answer in time", false
        ),
        (
            "connection to server at \"h\" failed: FATAL:  the database system is starting up\n",
            "the PostgreSQL server at h:5432 cannot be reached: the database system is starting up", false
        ),
        (
            "connection to server at \"h\" failed: FATAL:  sorry, too many clients already\n",
            "the PostgreSQL server at h:5432 cannot be reached: sorry, too many clients already", false
        ),
    ])
    func `libpq's reasons become sentences`(message: String, sentence: String, isRefusal: Bool) throws {
        let failure = ConnectFailure(message, at: try PostgresAddress("postgres://u:secret@h/d"))
        #expect(failure.sentence == sentence)
        #expect(failure.isRefusal == isRefusal)
    }
}

/// The server of `scripts/services` has a certificate of its own authority, a role with a password and one that logs in by
/// certificate.
@Suite(.needsPostgres, .enabled(if: TLSFiles.folder != nil, "needs MOCKFORGE_TEST_POSTGRES_TLS"))
struct `TLS to PostgreSQL` {
    let server = PostgresTestDatabase()
    let folder = TLSFiles.folder ?? ""

    private func url(_ user: String, _ parameters: String, host: String = "localhost") -> String {
        server.url.replacing("postgres@127.0.0.1", with: "\(user)@\(host)") + "?" + parameters
    }

    private func encrypted(_ url: String) async throws -> Bool {
        let database = try open(url)
        return try await database.read(.platform) {
            try $0.first("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", [])!.bool("ssl")
        }
    }

    private func refusal(_ url: String) async throws -> String {
        do {
            try await open(url).connect()
            return "no refusal"
        } catch let refusal as PostgresAddress.Refusal { return refusal.sentence }
    }

    @Test func `a certificate of the named authority is taken, and the connection encrypted`() async throws {
        #expect(try await encrypted(url("postgres", "sslmode=verify-full&sslrootcert=\(folder)/ca.crt")))
    }

    @Test func `sslmode=disable does without`() async throws {
        #expect(try await !encrypted(url("postgres", "sslmode=disable")))
    }

    @Test func `a certificate of another authority is refused`() async throws {
        let sentence = try await refusal(url("postgres", "sslmode=verify-ca&sslrootcert=\(folder)/other.crt"))
        #expect(sentence.contains("TLS certificates"), "\(sentence)")
    }

    @Test func `a certificate for another name is refused`() async throws {
        let sentence = try await refusal(
            url("postgres", "sslmode=verify-full&sslrootcert=\(folder)/ca.crt", host: "127.0.0.1"))
        #expect(sentence.contains("TLS certificates"), "\(sentence)")
    }

    @Test func `a client's certificate logs in, and without it nobody does`() async throws {
        let login = "sslmode=verify-full&sslrootcert=\(folder)/ca.crt"
        server.run("GRANT CREATE ON DATABASE \(server.name) TO with_certificate")
        #expect(
            try await encrypted(
                url("with_certificate", "\(login)&sslcert=\(folder)/client.crt&sslkey=\(folder)/client.key")))
        let sentence = try await refusal(url("with_certificate", login))
        #expect(sentence.contains("certificate"), "\(sentence)")
    }

    @Test func `the right password logs in, a wrong one gets a sentence without it`() async throws {
        server.run("GRANT CREATE ON DATABASE \(server.name) TO with_password")
        try await open(url("with_password:right%20one", "sslmode=require")).connect()
        let sentence = try await refusal(url("with_password:hunter2", "sslmode=require"))
        #expect(sentence.hasSuffix("refuses the password of the user \"with_password\""), "\(sentence)")
        #expect(!sentence.contains("hunter2"))
    }
}

private enum TLSFiles {
    /// Where `scripts/services` has put ca.crt, other.crt, client.crt and client.key.
    static let folder = ProcessInfo.processInfo.environment["MOCKFORGE_TEST_POSTGRES_TLS"]
}
