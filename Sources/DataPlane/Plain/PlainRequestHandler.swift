import NIOCore

/// Stands before the HTTP codec and answers plain requests from the bytes of the read that brought them.
///
/// Everything else goes to the codec untouched. A request whose end is known is lent: when it is answered, the bytes
/// behind it are looked at again. From the first bytes whose meaning or end is not certain, the connection is the codec's
/// for ever.
///
/// On a connection of its own it also asks for the next read, which else goes through every handler behind it first, and
/// writes its replies to the socket itself.
final class PlainRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private enum Mode {
        case plain
        /// The codec has one request; so many bytes of it are still to come.
        case lent(missing: Int)
        case codec
    }

    /// Replies are handed to the channel when they are this many bytes, so that its back-pressure is felt.
    private static let maxOutput = 64 * 1024
    /// Reading stops when this many bytes wait.
    private static let maxPending = 64 * 1024
    /// A head that has not come whole in this many reads is the codec's, which does not begin anew with each.
    private static let maxLooks = 16

    private let plane: DataPlane
    private let owner: DataPlaneHandler
    private let tools: PlainTools
    private let hosts: KnownHosts
    private let recogniser: Recogniser
    private var mode = Mode.plain
    /// Bytes that wait: of a head that is not whole, or behind a lent request or unread replies.
    private var pending = ByteBuffer()
    private var looks = 0
    private var isWorking = false
    private var isInRead = false
    private var isReadHeld = false
    /// Whether the channel reads only when it is asked to.
    private var asksForReads = false
    private var isWritable = true
    private var hasForwarded = false
    private var needsFlush = false
    /// Nil where bytes have further to go than to a socket.
    private var socket: ReplySocket?
    /// Whether something was given to the channel that may not have left it.
    private var mayHaveUnsent = false
    private var context: ChannelHandlerContext?

    /// - Parameter owner: what answers the lent requests; tells by `takeBack` when it has.
    init(_ plane: DataPlane, owner: DataPlaneHandler, tools: PlainTools) {
        self.plane = plane
        self.owner = owner
        self.tools = tools
        hosts = tools.hosts
        recogniser = Recogniser(maxHeadLength: plane.configuration.maxPlainHead)
    }

    // MARK: Inbound

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        if plane.configuration.writesToSockets { socket = ReplySocket(context.channel) }
        // A channel that is active already may be in the middle of a read; channels without a socket have no such option.
        guard !context.channel.isActive, context.channel is any SocketOptionProvider else { return }
        asksForReads = setsAutoRead(false, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        socket = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if asksForReads { context.pipeline.syncOperations.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInRead = true
        if case .codec = mode {
            hasForwarded = true
            context.fireChannelRead(data)
            return
        }
        var buffer = unwrapInboundIn(data)
        if pending.readableBytes == 0 {
            work(&buffer, context)
            // A copy, so that what is read next can use the memory of this read again.
            if buffer.readableBytes > 0 { pending = ByteBuffer(bytes: buffer.readableBytesView) }
        } else {
            pending.writeBuffer(&buffer)
            workOnPending(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        let wereAllPlain = !hasForwarded
        settle(context)
        askForRead(context, wereAllPlain: wereAllPlain)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        context.fireChannelWritabilityChanged()
        if isWritable { workOnPending(context) }
        if !isInRead { settle(context) }
    }

    /// - Parameter wereAllPlain: whether those behind have no part in when to read.
    private func askForRead(_ context: ChannelHandlerContext, wereAllPlain: Bool) {
        guard asksForReads else { return }
        if case .codec = mode {
            asksForReads = !setsAutoRead(true, context)
        } else if wereAllPlain {
            read(context: context)
        } else {
            context.pipeline.syncOperations.read()
        }
    }

    private func setsAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) -> Bool {
        do {
            try context.channel.syncOptions?.setOption(.autoRead, value: isOn)
            return true
        } catch {
            return false
        }
    }

    func read(context: ChannelHandlerContext) {
        if pending.readableBytes >= Self.maxPending { isReadHeld = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        mayHaveUnsent = true
        context.write(data, promise: promise)
    }

    /// What the codec and those behind it hear of must find them with all bytes that came before.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: giveUp(context)
        case let event as ChannelEvent where event == .inputClosed: giveUp(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        giveUp(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        mode = .codec
        pending.clear()
        context.fireChannelInactive()
    }

    /// The lent request has been answered.
    func takeBack() {
        guard case .lent(missing: 0) = mode else { return }
        mode = .plain
        guard !isWorking, pending.readableBytes > 0, let context else { return }
        workOnPending(context)
        if !isInRead { settle(context) }
    }

    // MARK: Work

    private func workOnPending(_ context: ChannelHandlerContext) {
        guard !isWorking, pending.readableBytes > 0 else { return }
        var buffer = pending
        pending = ByteBuffer()
        work(&buffer, context)
        if buffer.readableBytes > 0 {
            buffer.discardReadBytes()
            pending = buffer
        }
        if isReadHeld, pending.readableBytes < Self.maxPending {
            isReadHeld = false
            context.read()
        }
    }

    /// Takes from the front of `buffer` what can be dealt with now.
    private func work(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) {
        isWorking = true
        defer { isWorking = false }
        var out = tools.takeOutput()
        var answers = 0
        while buffer.readableBytes > 0 {
            if case .plain = mode {
                if !isWritable { break }
                if plane.drain.isDraining {
                    mode = .codec
                    continue
                }
                switch step(&buffer, into: &out) {
                case .answered:
                    answers += 1
                    if out.readableBytes >= Self.maxOutput {
                        write(&out, context)
                        context.flush()
                        isWritable = context.channel.isWritable
                    }
                    continue
                case .waits: break
                case .passes: continue
                }
                break
            }
            write(&out, context)
            guard forward(&buffer, context) else { break }
        }
        if answers > 0 { owner.plainRepliesWereWritten() }
        if out.readableBytes > 0 { write(&out, context) } else { tools.keep(out) }
    }

    private enum Step {
        case answered
        /// Nothing can be done before more bytes come.
        case waits
        /// The mode has changed.
        case passes
    }

    private func step(_ buffer: inout ByteBuffer, into out: inout ByteBuffer) -> Step {
        let (step, length) = buffer.withUnsafeReadableBytes { bytes -> (Step, Int) in
            switch recogniser.recognise(bytes) {
            case .incomplete:
                looks += 1
                if looks > Self.maxLooks {
                    mode = .codec
                    return (.passes, 0)
                }
                return (.waits, 0)
            case .unusual:
                mode = .codec
                return (.passes, 0)
            case .plain(let request):
                looks = 0
                if request.length <= bytes.count {
                    let exchange = PlainExchange(
                        request: request, bytes: UnsafeRawBufferPointer(rebasing: bytes[..<request.length]),
                        host: hosts.find(UnsafeRawBufferPointer(rebasing: bytes[request.host])))
                    if plane.answer(exchange, tools.dates, into: &out) { return (.answered, request.length) }
                }
                mode = .lent(missing: request.length)
                return (.passes, 0)
            }
        }
        buffer.moveReaderIndex(forwardBy: length)
        return step
    }

    /// Gives the codec what is its; false when it has all of a lent request.
    private func forward(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        var length = buffer.readableBytes
        if case .lent(let missing) = mode {
            guard missing > 0 else { return false }
            length = min(length, missing)
            mode = .lent(missing: missing - length)
        }
        guard let piece = buffer.readSlice(length: length) else { return false }
        hasForwarded = true
        context.fireChannelRead(wrapInboundOut(piece))
        return true
    }

    /// From now on the connection is the codec's.
    private func giveUp(_ context: ChannelHandlerContext) {
        mode = .codec
        workOnPending(context)
        if !isInRead { settle(context) }
    }

    private func write(_ out: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard out.readableBytes > 0 else { return }
        if let socket, !hasUnsent(context) {
            out.moveReaderIndex(forwardBy: out.withUnsafeReadableBytes { socket.send($0) })
        }
        if out.readableBytes > 0 {
            needsFlush = true
            mayHaveUnsent = true
            context.write(wrapOutboundOut(.byteBuffer(out)), promise: nil)
        }
        tools.keep(out)
        out = ByteBuffer()
    }

    /// Whether something waits in the channel that must go out first.
    private func hasUnsent(_ context: ChannelHandlerContext) -> Bool {
        guard mayHaveUnsent else { return false }
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        mayHaveUnsent = waiting != 0
        return mayHaveUnsent
    }

    /// Ends a read: flushes the replies, and lets those behind know that what they were given is all for now.
    private func settle(_ context: ChannelHandlerContext) {
        if hasForwarded {
            hasForwarded = false
            context.fireChannelReadComplete()
        }
        if needsFlush {
            needsFlush = false
            context.flush()
        }
    }
}
