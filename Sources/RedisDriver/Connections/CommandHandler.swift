import NIOCore

/// Feeds what the server sends to the reader and hands whole replies to the connection.
final class CommandHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RedisConnection
    private var reader: ReplyReader

    init(_ connection: RedisConnection, limits: RedisReplyLimits) {
        self.connection = connection
        reader = ReplyReader(limits: limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(RedisError) {
            // Fed in pieces, so that the size of a reply is noticed before all of it is in memory.
            let buffer = unwrapInboundIn(data)
            try buffer.withUnsafeReadableBytes { bytes throws(RedisError) in try reader.feed(bytes) }
            while let reply = try reader.next() { connection.received(reply) }
        } catch {
            connection.end(error)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.end(.unavailable("the connection to Redis was lost"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.end(.unavailable("the connection to Redis failed: \(error)"))
        context.close(promise: nil)
    }
}
