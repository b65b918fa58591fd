import NIOCore
import NIOHTTP1

/// Whether a connection outlives a request (RFC 9112 section 9.3).
enum Persistence: Sendable {
    case kept
    /// HTTP/1.0, where the client asked for it and is told that it got it.
    case keptOnRequest
    /// HTTP/1.0 otherwise.
    case closes
}

/// Tells what the version of each request says, which is lost behind the codec.
final class VersionReader: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let tell: (Persistence) -> Void

    /// - Parameter tell: called right before the head itself comes.
    init(_ tell: @escaping (Persistence) -> Void) { self.tell = tell }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            let isOld = head.version.major < 1 || head.version == .http1_0
            tell(!isOld ? .kept : head.isKeepAlive ? .keptOnRequest : .closes)
        }
        context.fireChannelRead(data)
    }
}
