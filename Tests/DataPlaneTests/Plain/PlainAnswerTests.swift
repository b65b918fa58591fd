import DataPlane
import Domain
import HTTPTypes
import JSON
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Persistence
import Testing

/// A control plane that says only that it was asked.
private final class ControlStub: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponse(status: .ok, headerFields: [.contentLength: "7"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: "control"))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// A data plane whose tenant is in memory, so that it answers within the read.
private struct Side {
    let hosting: Hosting

    init(isPlain: Bool, settings: JSON = [:]) async throws {
        hosting = try await Hosting(plan: "enterprise", settings: settings) { $0.answersPlainRequests = isPlain }
        try await hosting.addRoute("GET", "/hello", body: "other", match: ["headers": ["x-kind": "other"]])
        try await hosting.addRoute(
            "ANY", "/users/{id}", headers: ["x-user": "{{request.path_params.id}}", "x-odd": "caf\u{E9} "],
            body: ["id": "{{request.path_params.id}}", "agent": "{{request.headers.user-agent}}"], isTemplate: true)
        try await hosting.addRoute("POST", "/echo", status: 201, body: "{{request.body}}", isTemplate: true)
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 1)
        try await hosting.addRoute("DELETE", "/hello", status: 204, body: "unseen")
        try await hosting.addRoute(
            "PUT", "/hello", status: 299, headers: ["date": "never", "Set-Cookie": "a=1"], body: [1])
        try await warm()
    }

    /// Brings tenant and workspace into memory.
    func warm() async throws {
        let plane = hosting.plane
        for reference in [
            TenantReference(.subdomain, "acme"), TenantReference(.id, "acme000001"), TenantReference(.either, "acme"),
            TenantReference(.subdomain, "never"), TenantReference(.subdomain, "other"),
        ] {
            guard let tenant = try await plane.directory.load(reference) else { continue }
            for slug in [nil, "default", "other"] { _ = try await plane.snapshots.load(slug, of: tenant) }
        }
    }

    func connect() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init())
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(hosting.plane.makeHandler())
        try pipeline.addHandler(ControlStub())
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    /// What comes back for the pieces, sent one by one on a connection of their own.
    func answer(_ pieces: [[UInt8]]) throws -> String {
        let channel = try connect()
        for piece in pieces where channel.isActive {
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            // Delays of the mocks pass at once.
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(5))
        }
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        text += channel.isActive ? "" : "(closed)"
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return text.masked
    }

    func journal() async throws -> [String] {
        try await hosting.journal.entries(
            tenant: hosting.tenant, workspace: hosting.workspace, before: nil, limit: 1000
        ) { _ in true }.map { entry in
            """
            \(entry.method) \(entry.host) \(entry.path) \(entry.query ?? "-") \(entry.headers) \(entry.body) \
            \(entry.isBodyTruncated) \(entry.status) \(entry.mockID?.text ?? "-") \(entry.routeID?.text ?? "-") \
            \(entry.receivedAt.microseconds) \(entry.durationMicroseconds) \(entry.violations) \(entry.nearMisses)
            """.masked
        }
    }
}

extension String {
    /// With every request id replaced, since they differ from run to run.
    fileprivate var masked: String {
        let bytes = Array(utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: "req_".utf8), index + 20 <= bytes.count {
                result += "(id)".utf8
                index += 20
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

@Suite struct PlainAnswerTests {
    @Test(arguments: [["near_miss": false], ["cors": ["enabled": false]], ["seed": 7]] as [JSON], 0..<2)
    func `both ways give the same answers, journal, usage and metrics`(settings: JSON, seed: Int) async throws {
        let plain = try await Side(isPlain: true, settings: settings)
        let codec = try await Side(isPlain: false, settings: settings)
        var streams = RequestStreams(seed: UInt64(1000 + seed))
        for _ in 0..<250 {
            let bytes = streams.next()
            let pieces = streams.pieces(of: bytes)
            let (left, right) = (try plain.answer(pieces), try codec.answer(pieces))
            #expect(left == right, "\(pieces.map { String(decoding: $0, as: UTF8.self).debugDescription })")
            if left != right { break }
        }
        let (left, right) = (try await plain.journal(), try await codec.journal())
        #expect(left.count > 100)
        #expect(left == right)
        #expect(try await plain.hosting.usage() == codec.hosting.usage())
        #expect(plain.hosting.steadyMetrics == codec.hosting.steadyMetrics)
    }

    @Test func `a request cut in two at any place is answered alike`() async throws {
        let plain = try await Side(isPlain: true)
        let codec = try await Side(isPlain: false)
        let text = Array(
            ("GET /hello HTTP/1.1\r\nHost: acme.localhost\r\nAccept: */*\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 5\r\n\r\n12345"
                + "GET /v1/x HTTP/1.1\r\nHost: api.localhost\r\n\r\n"
                + "HEAD /hello HTTP/1.1\r\nHost: acme.localhost\r\n\r\n").utf8)
        let whole = try codec.answer([text])
        #expect(whole.ranges(of: "HTTP/1.1 ").count == 4)
        for place in 1..<text.count {
            #expect(try plain.answer([Array(text[..<place]), Array(text[place...])]) == whole)
        }
        #expect(try plain.answer(text.map { [$0] }) == whole)
    }

    @Test func `a reply of any length is the same on both ways`() async throws {
        var replies: [String] = []
        for isPlain in [true, false] {
            let side = try await Side(isPlain: isPlain)
            let lengths = [0, 1, 63, 64, 4093, 4094, 4095, 4096, 70_000]
            for length in lengths {
                try await side.hosting.addRoute(
                    "GET", "/long/\(length)", headers: ["x-pad": .string(String(repeating: "p", count: length % 7))],
                    body: .string(String(repeating: "b", count: length)))
            }
            try await side.warm()
            let text = lengths.map { "/long/\($0)" }.flatMap { path in ["GET", "HEAD", "GET"].map { ($0, path) } }.map {
                "\($0) \($1) HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"
            }
            replies.append(try side.answer([Array(text.joined().utf8)]))
        }
        #expect(replies[0].ranges(of: "HTTP/1.1 200 OK\r\n").count == 27)
        #expect(replies[0] == replies[1])
    }

    @Test func `a host leads to a tenant only as long as the tenant stands as it did`() async throws {
        let side = try await Side(isPlain: true)
        let channel = try side.connect()
        func status(_ host: String) throws -> String? {
            try channel.writeInbound(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: \(host).localhost\r\n\r\n"))
            channel.embeddedEventLoop.advanceTime(by: .milliseconds(5))
            var reply = ""
            while let piece = try channel.readOutbound(as: ByteBuffer.self) { reply += String(buffer: piece) }
            return reply.split(separator: " ").dropFirst().first.map { String($0) }
        }
        #expect(try status("acme") == "200")
        for (change, expected) in [
            (TenantStatus.suspended, "403"), (.active, "200"), (.suspended, "403"), (.deleted, "404"), (.active, "200"),
        ] {
            try await side.hosting.changeTenant { $0.status = change }
            try await side.warm()
            #expect(try status("acme") == expected)
            #expect(try status("acme") == expected)
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `over its rate a tenant is refused alike on both ways`() async throws {
        var replies: [String] = []
        var metrics: [String] = []
        for isPlain in [true, false] {
            let side = try await Side(isPlain: isPlain)
            try await side.hosting.changeTenant {
                $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 3)!]
            }
            try await side.warm()
            let text = ["GET", "HEAD", "DELETE", "GET", "HEAD", "POST"].map {
                "\($0) /hello?a=1 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"
            }
            replies.append(try side.answer([Array(text.joined().utf8)]))
            metrics.append(side.hosting.steadyMetrics)
            #expect(try await side.hosting.usage().requests == 6)
        }
        #expect(replies[0].ranges(of: "HTTP/1.1 429 Too Many Requests\r\n").count == 3)
        #expect(replies[0] == replies[1])
        #expect(metrics[0] == metrics[1])
    }
}
