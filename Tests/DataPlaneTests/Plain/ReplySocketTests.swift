import DataPlane
import JSON
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
import Persistence
import Testing

@Suite(.timeLimit(.minutes(10))) struct ReplySocketTests {
    @Test func `a client that reads late gets every reply, whole and in order, whichever way it took`() async throws {
        let hosting = try await Hosting(plan: "enterprise")
        let long = String(repeating: "long", count: 20_000)
        try await hosting.addRoute("GET", "/long", body: .string(long))
        try await hosting.addRoute("GET", "/slow", body: "slow", delay: 1)
        let rounds = 100
        let requests = ["/long", "/hello", "/slow", "/long", "/hello"]
        try await LoopbackServer.run(hosting) { server async throws in
            let round = requests.map { "GET \($0) HTTP/1.1\r\nHost: acme.localhost\r\n\r\n" }.joined()
            let text =
                String(repeating: round, count: rounds) + "GET /nothing HTTP/1.1\r\nHost: acme.localhost\r\n"
                + "Connection: close\r\n\r\n"
            let channel = try await server.connect()
            let reply = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: text))
                // By now no buffer takes more: what is left waits in the server.
                try await Task.sleep(for: .milliseconds(300))
                var reply = ByteBuffer()
                for try await piece in inbound { reply.writeImmutableBuffer(piece) }
                return String(buffer: reply)
            }
            let bodies = reply.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
            let expected = [long, "hello", "slow", long, "hello"]
            #expect(bodies.count == rounds * requests.count + 1)
            #expect(
                zip(bodies, 0...).allSatisfy { $1 == rounds * requests.count || $0 == expected[$1 % expected.count] })
            #expect(reply.ranges(of: "HTTP/1.1 200 OK\r\n").count == rounds * requests.count)
        }
        #expect(try await hosting.usage().requests == rounds * requests.count + 1)
    }

    @Test func `a reply goes out behind what the channel was given before it`() async throws {
        let hosting = try await Hosting(plan: "enterprise")
        let (children, accepted) = AsyncStream.makeStream(of: (any Channel).self)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                accepted.yield(channel)
                return channel.eventLoop.makeCompletedFuture { try hosting.plane.addPipeline(to: channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await LoopbackServer(hosting: hosting, port: server.localAddress?.port ?? 0).connect()
            .executeThenClose { inbound, outbound in
                var pieces = inbound.makeAsyncIterator()
                func request(_ end: String) async throws -> String {
                    try await outbound.write(ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"))
                    var received = ""
                    while !received.hasSuffix(end), let piece = try await pieces.next() {
                        received += String(buffer: piece)
                    }
                    return received
                }
                #expect(try await request("hello").hasPrefix("HTTP/1.1 200"))
                var children = children.makeAsyncIterator()
                let child = try #require(await children.next())
                try await child.eventLoop.submit {
                    let codec = try child.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                    codec.write(NIOAny(IOData.byteBuffer(ByteBuffer(string: "early"))), promise: nil)
                }.get()
                #expect(try await request("hello").hasPrefix("earlyHTTP/1.1 200"))
                #expect(try await request("hello").hasPrefix("HTTP/1.1 200"))
            }
        try await server.close()
    }

    @Test func `nothing is sent by a descriptor whose channel is closed`() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(to: server.localAddress!).get()
        let sent = try await channel.eventLoop.submit { () -> [Int] in
            let socket = try #require(ReplySocket(channel))
            let send = { Array("bytes".utf8).withUnsafeBytes { socket.send($0) } }
            let before = send()
            channel.close(promise: nil)
            return [before, send()]
        }.get()
        #expect(sent == [5, 0])
        try await server.close()
    }

    @Test func `a channel without a socket has none`() {
        #expect(ReplySocket(EmbeddedChannel()) == nil)
    }
}

extension DataPlane {
    /// The handlers of a connection, without those of a control plane.
    fileprivate func addPipeline(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false)
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(makeHandler())
    }
}
