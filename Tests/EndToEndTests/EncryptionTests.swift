import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

extension EndToEnd {
    @Suite(
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/openssl"), "openssl makes the certificate"),
        .enabled(if: Deployment.isEmbedded, "the balancer speaks to nodes without TLS"))
    struct EncryptionTests {
        /// A server with a certificate made for this test.
        private func server() async throws -> RunningServer {
            let folder = try ScratchFolder()
            let openssl = try ChildProcess(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "certificate.pem",
                ],
                in: folder.path, environment: [:])
            #expect(try await openssl.exitCode(upTo: .seconds(30)) == 0)
            return try await RunningServer(
                in: folder,
                arguments: [
                    "--set", "server.tls.certificate=certificate.pem", "--set", "server.tls.private_key=key.pem",
                ])
        }

        private func request(
            _ server: RunningServer, version: HTTPClient.Configuration.HTTPVersion
        ) async throws -> HTTPClientResponse {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.httpVersion = version
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let response = try await client.execute(
                HTTPClientRequest(url: "https://localhost:\(server.port)/health"), timeout: .seconds(30))
            _ = try await response.body.collect(upTo: 1 << 20)
            try await client.shutdown()
            return response
        }

        @Test func `a certificate brings TLS, with HTTP/2 for those who ask`() async throws {
            let server = try await server()
            let newer = try await request(server, version: .automatic)
            #expect(newer.status == .ok)
            #expect(newer.version == .http2)
            let older = try await request(server, version: .http1Only)
            #expect(older.status == .ok)
            #expect(older.version == .http1_1)
        }
    }
}
