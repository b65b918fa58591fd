import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on loopback that answers what a test says, and keeps what it was asked.
final class ScriptedStore: Sendable {
    struct Asked: Sendable {
        let method: String
        let target: String
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    enum Reply: Sendable {
        case answer(status: Int, headers: [(String, String)] = [], body: String = "")
        /// Promises `length` bytes and breaks off behind `body`.
        case brokenOff(length: Int, tag: String, body: String)
        case close
    }

    private let state: Mutex<(replies: [Reply], asked: [Asked])>
    private let channel = Mutex<(any Channel)?>(nil)

    /// Answers one request after the other, and the last reply for ever.
    init(_ replies: [Reply]) async throws {
        state = Mutex((replies, []))
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(self))
                }
            }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        self.channel.withLock { $0 = channel }
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }
    var asked: [Asked] { state.withLock { $0.asked } }

    func stop() async throws { try await channel.withLock { $0 }?.close() }

    private func reply(to asked: Asked) -> Reply {
        state.withLock { state in
            state.asked.append(asked)
            return state.replies.count > 1 ? state.replies.removeFirst() : state.replies[0]
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let store: ScriptedStore
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ store: ScriptedStore) { self.store = store }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let buffer): body += buffer.readableBytesView
            case .end:
                guard let head else { return }
                let asked = Asked(method: head.method.rawValue, target: head.uri, headers: head.headers, body: body)
                switch store.reply(to: asked) {
                case .answer(let status, let headers, let text):
                    write(context, status, headers + [("content-length", String(text.utf8.count))], text)
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                case .brokenOff(let length, let tag, let text):
                    write(context, 200, [("content-length", String(length)), ("etag", tag)], text)
                    context.flush()
                    context.close(promise: nil)
                case .close: context.close(promise: nil)
                }
            }
        }

        private func write(
            _ context: ChannelHandlerContext, _ status: Int, _ headers: [(String, String)], _ text: String
        ) {
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(headers))
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }
}
