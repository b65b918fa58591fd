import DataPlane
import Domain
import JSON
import NIOCore
import NIOPosix
import Persistence
import Testing

@Suite(.timeLimit(.minutes(10))) struct PlainConnectionTests {
    private let hello = "GET /hello HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"

    @Test func `a thousand pipelined requests in one write are all answered`() async throws {
        let hosting = try await Hosting(plan: "enterprise")
        try await LoopbackServer.run(hosting) { server async throws in
            let last = "GET /hello HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n"
            let reply = try await server.talk(String(repeating: hello, count: 999) + last) { _ in false }
            #expect(reply.ranges(of: "HTTP/1.1 200 OK\r\n").count == 1000)
            #expect(reply.hasSuffix("hello"))
        }
        #expect(try await hosting.usage().requests == 1000)
    }

    @Test func `a client that sends one byte at a time is answered, and slows nobody`() async throws {
        try await LoopbackServer.run(try await Hosting()) { server async throws in
            let channel = try await server.connect()
            try await channel.executeThenClose { inbound, outbound in
                var replies = inbound.makeAsyncIterator()
                for byte in hello.utf8.dropLast() {
                    try await outbound.write(ByteBuffer(bytes: [byte]))
                    if byte == UInt8(ascii: " ") {
                        #expect(try await server.request("GET", "/hello").hasSuffix("hello"))
                    }
                }
                try await outbound.write(ByteBuffer(string: "\n"))
                var reply = ""
                while !reply.hasSuffix("hello"), let buffer = try await replies.next() {
                    reply += String(buffer: buffer)
                }
                #expect(reply.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
        }
    }

    /// A thousand are in `EndToEndTests`: Foundation's `Process`, which other tests use meanwhile, reads behind the end of the
    /// list of this process's open files when that is longer than some 1,300, and both ends of a connection are in it.
    @Test func `a hundred idle connections are held and each is answered again`() async throws {
        // Opening them all may take a busy machine longer than a connection may otherwise rest.
        let hosting = try await Hosting(plan: "enterprise") { configuration in
            configuration.headerTimeout = .seconds(600)
            configuration.idleTimeout = .seconds(600)
        }
        try await LoopbackServer.run(hosting) { server async throws in
            let (replies, arrived) = AsyncStream.makeStream(of: Void.self)
            var channels: [any Channel] = []
            for _ in 0..<100 {
                let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(ReplyWatch { arrived.yield() })
                        }
                    }
                    .connect(host: "127.0.0.1", port: server.port).get()
                channels.append(channel)
            }
            var iterator = replies.makeAsyncIterator()
            for _ in 0..<2 {
                for channel in channels { channel.writeAndFlush(ByteBuffer(string: hello), promise: nil) }
                for _ in channels { await iterator.next() }
            }
            for channel in channels { channel.close(promise: nil) }
        }
        #expect(try await hosting.usage().requests == 200)
    }

    @Test func `a connection goes back to plain answers behind a request of the control plane`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 20)
        try await LoopbackServer.run(hosting) { server async throws in
            let control = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let slow = "GET /slow HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"
            let last = "GET /hello HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n"
            let reply = try await server.talk(hello + control + hello + slow + control + last) { _ in false }
            let bodies = reply.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
            #expect(bodies == ["hello", "healthy", "hello", "slow", "healthy", "hello"])
        }
    }

    @Test func `a rate limit counts a request that the codec answers once`() async throws {
        let hosting = try await Hosting()
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 1)
        try await hosting.changeTenant { $0.quotaOverrides = [.maxRequestsPerMinute: QuotaLimit(wireValue: 10)!] }
        try await LoopbackServer.run(hosting) { server async throws in
            let slow = "GET /slow HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"
            let text = String(repeating: hello + slow, count: 6)
            let reply = try await server.talk(text) { $0.ranges(of: "HTTP/1.1 ").count == 12 && $0.hasSuffix("}") }
            #expect(reply.ranges(of: "HTTP/1.1 200 ").count == 10)
            #expect(reply.ranges(of: "HTTP/1.1 429 ").count == 2)
        }
    }
}

/// Tells of every read that ends with the reply's body.
private final class ReplyWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let tell: @Sendable () -> Void

    init(_ tell: @escaping @Sendable () -> Void) { self.tell = tell }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if String(buffer: unwrapInboundIn(data)).hasSuffix("hello") { tell() }
    }
}
