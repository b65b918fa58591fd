import Foundation
import RedisDriver
import TestSupport
import Testing

@Suite(.enabled(if: RedisServer.isInstalled, "install redis-server"))
struct `Signing in to Redis` {
    @Test func `a password opens, a wrong or missing one is refused without being named`() async throws {
        let server = try await RedisServer(["--requirepass", "s3cret"])
        let client = try await connectedClient("redis://:s3cret@127.0.0.1:\(server.port)/0")
        #expect(try await client.send(["PING"], key: nil) == .status("PONG"))
        client.close()
        for sign in [":wr0ng@", ""] {
            let client = try RedisClient(RedisAddress("redis://\(sign)127.0.0.1:\(server.port)"), logger: quietLogger)
            let failure = await #expect(throws: RedisError.self) { try await client.connect() }
            #expect(failure?.description.hasPrefix("Redis at 127.0.0.1:\(server.port) refuses us: ") == true)
            #expect(failure?.description.contains("wr0ng") == false)
            client.close()
        }
    }

    @Test func `a user of the access list signs in by name`() async throws {
        let server = try await RedisServer(["--user", "app", "on", ">p@ss", "~*", "&*", "+@all"])
        let client = try await connectedClient("redis://app:p%40ss@127.0.0.1:\(server.port)/0")
        #expect(try await client.send(["ACL", "WHOAMI"], key: nil).text == "app")
        client.close()
    }

    @Test func `the database number separates keys`() async throws {
        let server = try await RedisServer()
        let first = try await connectedClient("redis://127.0.0.1:\(server.port)/0")
        let second = try await connectedClient("redis://127.0.0.1:\(server.port)/5")
        _ = try await second.send(["SET", "k", "v"], key: "k")
        #expect(try await first.send(["GET", "k"], key: "k") == .null)
        #expect(try await second.send(["GET", "k"], key: "k").text == "v")
        first.close()
        second.close()
    }

    @Test func `a database number that the server does not have is refused`() async throws {
        let server = try await RedisServer(["--databases", "2"])
        let client = try RedisClient(RedisAddress("redis://127.0.0.1:\(server.port)/7"), logger: quietLogger)
        let failure = await #expect(throws: RedisError.self) { try await client.connect() }
        #expect(failure?.description.contains("out of range") == true)
        client.close()
    }
}

@Suite(.enabled(if: RedisServer.isInstalled && programPath("openssl") != nil, "install redis-server and openssl"))
struct `Redis over TLS` {
    private let folder = TemporaryFolder()

    /// A certificate for an address, in `name`.pem and `name`.key.
    private func makeCertificate(_ name: String, for address: String) throws {
        try run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=\(address)", "-keyout", "\(name).key", "-out", "\(name).pem",
            ], in: folder.path)
    }

    private func server(_ name: String) async throws -> (server: RedisServer, port: Int) {
        let port = try FreePorts.next()
        let server = try await RedisServer([
            "--tls-port", "\(port)", "--tls-cert-file", "\(folder.path)/\(name).pem", "--tls-key-file",
            "\(folder.path)/\(name).key", "--tls-ca-cert-file", "\(folder.path)/\(name).pem", "--tls-auth-clients",
            "optional",
        ])
        return (server, port)
    }

    @Test func `a trusted certificate is taken`() async throws {
        try makeCertificate("redis", for: "IP:127.0.0.1")
        let (server, port) = try await server("redis")
        let client = try await connectedClient("rediss://127.0.0.1:\(port)/0?ca_file=\(folder.path)/redis.pem")
        #expect(try await client.send(["PING"], key: nil) == .status("PONG"))
        client.close()
        withExtendedLifetime(server) {}
    }

    @Test func `a certificate of somebody else or for another host is refused`() async throws {
        try makeCertificate("redis", for: "IP:127.0.0.1")
        try makeCertificate("other", for: "IP:127.0.0.1")
        try makeCertificate("elsewhere", for: "DNS:elsewhere.example")
        for (name, trusted) in [("redis", "other"), ("elsewhere", "elsewhere")] {
            let (server, port) = try await server(name)
            let address = try RedisAddress("rediss://127.0.0.1:\(port)?ca_file=\(folder.path)/\(trusted).pem")
            let client = try RedisClient(address, logger: quietLogger)
            await #expect(throws: RedisError.self) { try await client.connect() }
            client.close()
            withExtendedLifetime(server) {}
        }
    }

    @Test func `a file that is no certificate is refused`() throws {
        try Data("no".utf8).write(to: URL(fileURLWithPath: folder.path + "/no.pem"))
        let address = try RedisAddress(
            "rediss://h?cert_file=\(folder.path)/no.pem&key_file=\(folder.path)/no.pem")
        #expect(throws: RedisAddress.Refusal.self) { try RedisClient(address, logger: quietLogger) }
    }
}
