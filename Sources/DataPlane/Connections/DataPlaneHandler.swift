import Domain
import HTTPTypes
import JSON
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes
import Synchronization

/// Stands in an HTTP pipeline before the control plane's handler and answers what is addressed to a tenant.
///
/// Requests of one connection are taken strictly one after the other, whichever plane they are for: what comes while one
/// is being answered waits in `queue`, so that pipelined replies leave in order. When the queue is long, reading stops.
/// Where everything is in memory, a request is answered within the read that brought it.
package final class DataPlaneHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// Between two requests.
        case idle
        /// A tenant, workspace or key is being looked up.
        case resolving(Exchange)
        /// The body is being read, to be answered or only to be skipped.
        case reading(Exchange)
        /// The reply waits for its delay to pass.
        case delaying(Exchange, Reply, Scheduled<Void>)
        /// The control plane has the request.
        case passing
        /// The last reply is written; what still comes is thrown away.
        case closing
    }

    private enum Item {
        case part(HTTPRequestPart, Persistence)
        case event(any Sendable)
        case error(any Error)
    }

    /// A refused request's body is skipped up to this many bytes; beyond them the connection is closed instead.
    private static let skippedBodyBytes = 64 * 1024
    /// Reading stops when this many parts wait.
    private static let maxQueuedParts = 128
    /// How long a closing connection waits for the client to stop sending, so that the reply is not lost in a reset.
    private static let lingerTime = Duration.seconds(2)

    private let plane: DataPlane
    /// Made once, since making it takes longer than moving a deadline.
    private let idleTime: TimeAmount
    private var state = State.idle
    private var queue = CircularBuffer<Item>()
    private var isTakingFromQueue = false
    /// Of the request that the control plane has.
    private var isRequestOpen = false
    private var isResponseOpen = false
    /// False for a stream of HTTP/2, which has no connection of its own to keep or close.
    private var isHTTP1 = true
    /// Whether it counts as a connection now.
    private var isOpen = false
    private var isPeerTrusted = false
    private var isInRead = false
    private var isWritable = true
    private var needsFlush = false
    private var hasPassedParts = false
    private var isReadHeld = false
    private var closesAfterReply = false
    /// While closing: whether the last reply has gone out, and whether its request has come in whole.
    private var isLastReplySent = false
    private var isLastRequestRead = false
    /// The last host header and what it says: most connections have only one.
    private var lastHost: (authority: String, name: HostName)?
    private var deadline: NIODeadline?
    private var bodyDeadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// Answers plain requests before the codec; nil where there is none.
    private var plain: PlainRequestHandler?
    /// Of the head that is coming from the codec.
    private var persistence = Persistence.kept
    private var timerFires = NIODeadline.distantFuture

    init(_ plane: DataPlane) {
        self.plane = plane
        idleTime = TimeAmount(plane.configuration.idleTimeout)
    }

    // MARK: The life of the connection

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let pipeline = context.pipeline.syncOperations
        let encoder = try? pipeline.handler(type: HTTPResponseEncoder.self)
        isHTTP1 = encoder != nil
        if let encoder, plane.configuration.answersPlainRequests {
            let plain = PlainRequestHandler(plane, owner: self, tools: plane.toolbox.tools(of: context.eventLoop))
            if (try? pipeline.addHandler(plain, position: .before(encoder))) != nil { self.plain = plain }
        }
        if let decoder = try? pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self) {
            let reader = VersionReader { [weak self] in self?.persistence = $0 }
            try? pipeline.addHandler(reader, position: .after(decoder))
        }
        if context.channel.isActive { open(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        abandon()
        self.context = nil
        plain = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    private func open(_ context: ChannelHandlerContext) {
        if !isOpen {
            isOpen = true
            plane.metrics.connectionOpened()
            plane.loopLag.include(context.eventLoop)
        }
        isPeerTrusted = plane.configuration.trustedProxies.contain(context.channel.remoteAddress)
        setDeadline(plane.configuration.headerTimeout, context)
    }

    private func abandon() {
        if isOpen {
            isOpen = false
            plane.metrics.connectionClosed()
        }
        if case .delaying(let exchange, _, let scheduled) = state {
            scheduled.cancel()
            exchange.tenant?.delayedRequests.subtract(1, ordering: .relaxed)
        }
        state = .closing
        queue.removeAll()
        deadline = nil
        timer?.cancel()
        timer = nil
    }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInRead = true
        let part = unwrapInboundIn(data)
        if queue.isEmpty, canTake(part) {
            take(part, persistence, context)
            if !queue.isEmpty { takeFromQueue(context) }
        } else {
            queue.append(.part(part, persistence))
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        flushIfNeeded(context)
        if hasPassedParts {
            hasPassedParts = false
            context.fireChannelReadComplete()
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable, !queue.isEmpty {
            takeFromQueue(context)
            if !isInRead { flushIfNeeded(context) }
        }
        context.fireChannelWritabilityChanged()
    }

    package func read(context: ChannelHandlerContext) {
        if queue.count >= Self.maxQueuedParts { isReadHeld = true } else { context.read() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as ChannelShouldQuiesceEvent:
            closesAfterReply = true
            // The handler behind us knows nothing of a request that is being read here and would close at once.
            if case .reading = state, queue.isEmpty { return }
            if isBusy { queue.append(.event(event)) } else { context.fireUserInboundEventTriggered(event) }
        case let event as ChannelEvent where event == .inputClosed:
            // A client may stop sending and still want the replies to what it has sent.
            if queue.isEmpty, canTake(.event(event)) {
                endInput(event, context)
            } else {
                queue.append(.event(event))
            }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if queue.isEmpty, canTake(.error(error)) { fail(error, context) } else { queue.append(.error(error)) }
    }

    /// Whether a reply of this plane is still to be written.
    private var isBusy: Bool {
        switch state {
        case .resolving, .reading, .delaying: true
        case .idle, .passing, .closing: !queue.isEmpty
        }
    }

    private func canTake(_ part: HTTPRequestPart) -> Bool {
        switch state {
        // A client that asks and does not read its replies must not fill our memory with them.
        case .idle: isWritable
        case .reading, .closing: true
        case .resolving, .delaying: false
        case .passing: if case .head = part { false } else { true }
        }
    }

    private func canTake(_ item: Item) -> Bool {
        switch item {
        case .part(let part, _): canTake(part)
        case .event, .error:
            switch state {
            case .resolving, .delaying: false
            case .idle, .reading, .passing, .closing: true
            }
        }
    }

    private func takeFromQueue(_ context: ChannelHandlerContext) {
        guard !isTakingFromQueue else { return }
        isTakingFromQueue = true
        while let item = queue.first, canTake(item) {
            queue.removeFirst()
            switch item {
            case .part(let part, let persistence): take(part, persistence, context)
            case .event(let event as ChannelEvent): endInput(event, context)
            case .event(let event): context.fireUserInboundEventTriggered(event)
            case .error(let error): fail(error, context)
            }
        }
        isTakingFromQueue = false
        if hasPassedParts, !isInRead {
            hasPassedParts = false
            context.fireChannelReadComplete()
        }
        if isReadHeld, queue.count < Self.maxQueuedParts {
            isReadHeld = false
            context.read()
        }
    }

    private func take(_ part: HTTPRequestPart, _ persistence: Persistence, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let head)): begin(head, persistence, context)
        case (.reading(let exchange), .body(let buffer)): read(buffer, exchange, context)
        case (.reading(let exchange), .end):
            exchange.isRead = true
            deadline = nil
            complete(exchange, context)
        case (.passing, _): pass(part, context)
        case (.closing, .end):
            isLastRequestRead = true
            if isHTTP1, isLastReplySent { context.close(promise: nil) }
        default: break
        }
    }

    // MARK: A request

    private func begin(_ head: HTTPRequest, _ persistence: Persistence, _ context: ChannelHandlerContext) {
        let exchange = { (address: TenantAddress?) in self.exchange(head, persistence, address) }
        switch address(of: head) {
        case .control:
            state = .passing
            isRequestOpen = true
            isResponseOpen = true
            setDeadline(plane.configuration.bodyPauseTimeout, context)
            bodyDeadline = context.eventLoop.now + TimeAmount(plane.configuration.bodyTimeout)
            // Neither NIO nor Hummingbird answers this, and clients such as curl wait a second for it.
            if head.headerFields[.expect]?.lowercased() == "100-continue" { writeContinue(context) }
            var head = head
            if persistence == .closes { head.headerFields[.connection] = "close" }
            pass(.head(head), context)
        case .tenant(let address): admit(exchange(address), context)
        case .unknownTenant: refuse(exchange(nil), Refusals.unknownAddress, context)
        case .invalidPath(let refusal): refuse(exchange(nil), Refusals.invalidPath(refusal), context)
        case nil: refuse(exchange(nil), Refusals.ambiguousHost, context)
        }
    }

    private func exchange(_ head: HTTPRequest, _ persistence: Persistence, _ address: TenantAddress?) -> Exchange {
        let exchange = Exchange(
            head: head, address: address, host: lastHost?.authority ?? "", receivedAt: plane.surroundings.now(),
            ids: plane.ids)
        exchange.persistence = persistence
        return exchange
    }

    /// Nil when the request names two hosts: what stands before us may have believed the other one.
    private func address(of head: HTTPRequest) -> Address? {
        var authority = head.authority ?? ""
        if head.headerFields.contains(.host), head.headerFields[.host] != authority { return nil }
        if isPeerTrusted, let forwarded = head.headerFields[.forwardedHost] {
            authority = String(forwarded.prefix { $0 != "," && $0 != " " })
        }
        if let lastHost, lastHost.authority == authority {
            return Address(host: lastHost.name, target: head.path ?? "/")
        }
        let name = HostName(authority: authority, baseDomain: plane.configuration.baseDomain)
        lastHost = (authority, name)
        return Address(host: name, target: head.path ?? "/")
    }

    private func admit(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        switch plane.admit(exchange, at: exchange.receivedAt) {
        case .open:
            if exchange.mayHaveBody || !isHTTP1 { expectBody(of: exchange, context) }
            if exchange.expectsContinue, exchange.mayHaveBody { writeContinue(context) }
            state = .reading(exchange)
        case .refused(let problem): refuse(exchange, problem, context)
        case .waits(let lookup): wait(for: lookup, exchange, context)
        }
    }

    private func wait(for lookup: PendingLookup, _ exchange: Exchange, _ context: ChannelHandlerContext) {
        state = .resolving(exchange)
        deadline = nil
        let bound = NIOLoopBound((handler: self, exchange: exchange, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        Task { [plane] in
            let result = await plane.perform(lookup)
            eventLoop.execute {
                let (handler, exchange, context) = bound.value
                handler.resume(exchange, result, context)
            }
        }
    }

    private func resume(_ exchange: Exchange, _ result: LookupResult, _ context: ChannelHandlerContext) {
        // The client may have left meanwhile.
        guard case .resolving(let waiting) = state, waiting === exchange else { return }
        if let problem = plane.note(result, in: exchange) {
            refuse(exchange, problem, context)
        } else if exchange.isRead {
            complete(exchange, context)
        } else {
            admit(exchange, context)
        }
        takeFromQueue(context)
        if !isInRead { flushIfNeeded(context) }
    }

    /// Answers without the body. A short body is skipped so that the connection can go on; else it ends with the reply.
    private func refuse(_ exchange: Exchange, _ problem: Problem, _ context: ChannelHandlerContext) {
        let reply = Reply(problem, exchange)
        let isLong = (exchange.contentLength ?? 0) > Self.skippedBodyBytes
        if exchange.mayHaveBody, isLong || exchange.expectsContinue || problem.kind == .contentTooLarge {
            send(reply, exchange, context, mustClose: true)
        } else {
            exchange.refusal = reply
            expectBody(of: exchange, context)
            state = .reading(exchange)
        }
    }

    private func expectBody(of exchange: Exchange, _ context: ChannelHandlerContext) {
        bodyDeadline = context.eventLoop.now + TimeAmount(plane.configuration.bodyTimeout)
        setDeadline(plane.configuration.bodyPauseTimeout, context)
    }

    private func read(_ buffer: ByteBuffer, _ exchange: Exchange, _ context: ChannelHandlerContext) {
        extendBodyDeadline(context)
        exchange.receivedBytes += buffer.readableBytes
        if let refusal = exchange.refusal {
            if exchange.receivedBytes > Self.skippedBodyBytes {
                send(refusal, exchange, context, mustClose: true)
            }
            return
        }
        guard let limit = exchange.tenant?.bodyLimit else { return }
        if exchange.receivedBytes > limit {
            send(Reply(Refusals.bodyTooLarge(limit: limit), exchange), exchange, context, mustClose: true)
            return
        }
        if exchange.body.isEmpty, let length = exchange.contentLength { exchange.body.reserveCapacity(length) }
        exchange.body.append(contentsOf: buffer.readableBytesView)
    }

    private func complete(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        if let refusal = exchange.refusal {
            send(refusal, exchange, context)
            return
        }
        guard let snapshot = exchange.snapshot, let tenant = exchange.tenant else { return }
        if let turn = plane.pendingTurn(exchange, snapshot) {
            wait(for: turn, exchange, context)
            return
        }
        let reply = plane.answer(exchange, snapshot)
        guard reply.delayMilliseconds > 0 else {
            send(reply, exchange, context)
            return
        }
        let waiting = tenant.delayedRequests.add(1, ordering: .relaxed).newValue
        guard waiting <= plane.configuration.maxDelayedRequests else {
            tenant.delayedRequests.subtract(1, ordering: .relaxed)
            send(Reply(Refusals.tooManyDelayed, exchange), exchange, context)
            return
        }
        let delay = min(.milliseconds(reply.delayMilliseconds), plane.configuration.maxDelay)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let scheduled = context.eventLoop.scheduleTask(in: TimeAmount(delay)) {
            bound.value.handler.endDelay(bound.value.context)
        }
        state = .delaying(exchange, reply, scheduled)
    }

    private func endDelay(_ context: ChannelHandlerContext) {
        guard case .delaying(let exchange, let reply, _) = state else { return }
        exchange.tenant?.delayedRequests.subtract(1, ordering: .relaxed)
        send(reply, exchange, context)
        takeFromQueue(context)
        flushIfNeeded(context)
    }

    // MARK: A reply

    private func writeContinue(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func send(
        _ reply: Reply, _ exchange: Exchange, _ context: ChannelHandlerContext, mustClose: Bool = false
    ) {
        let now = plane.surroundings.now()
        let closes = isHTTP1 && (mustClose || closesAfterReply || exchange.asksToClose || plane.drain.isDraining)
        let isHead = exchange.head.method == .head
        let hasNoBody = reply.status == 204 || reply.status == 304
        var response = HTTPResponse(status: HTTPResponse.Status(code: reply.status), headerFields: reply.fields)
        if !hasNoBody { response.headerFields.append(HTTPField(name: .contentLength, value: String(reply.body.count))) }
        if !response.headerFields.contains(.date) {
            response.headerFields.append(HTTPField(name: .date, value: plane.dates.text(at: now)))
        }
        response.headerFields.append(HTTPField(name: .requestID, value: exchange.requestID))
        if closes {
            response.headerFields.append(HTTPField(name: .connection, value: "close"))
        } else if exchange.persistence == .keptOnRequest {
            response.headerFields.append(HTTPField(name: .connection, value: "keep-alive"))
        }
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        let sendsBody = !isHead && !hasNoBody && !reply.body.isEmpty
        if sendsBody {
            var buffer = context.channel.allocator.buffer(capacity: reply.body.count)
            buffer.writeBytes(reply.body)
            context.write(wrapOutboundOut(.body(buffer)), promise: nil)
        }
        plane.record(reply, exchange, sentBytes: sendsBody ? reply.body.count : 0, at: now)
        if closes {
            state = .closing
            close(after: exchange, context)
        } else {
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            needsFlush = true
            if !isInRead, !isTakingFromQueue { flushIfNeeded(context) }
            // A refused HTTP/2 stream may still be sending.
            state = exchange.isRead ? .idle : .closing
            setDeadline(plane.configuration.idleTimeout, context)
            takeBackIfIdle()
        }
    }

    /// Writes the end of the last reply and closes when it is out: at once when the client has nothing more to send, else
    /// in two steps, since closing with bytes unread would take the reply back.
    private func close(after exchange: Exchange, _ context: ChannelHandlerContext) {
        isLastRequestRead = exchange.isRead
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            bound.value.handler.lastReplyWasSent(bound.value.context)
        }
        needsFlush = false
        setDeadline(plane.configuration.bodyTimeout, context)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    private func lastReplyWasSent(_ context: ChannelHandlerContext) {
        isLastReplySent = true
        guard context.channel.isActive else { return }
        if isLastRequestRead {
            context.close(promise: nil)
        } else {
            setDeadline(Self.lingerTime, context)
            context.close(mode: .output, promise: nil)
        }
    }

    private func flushIfNeeded(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    // MARK: The control plane's requests

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        hasPassedParts = true
        switch part {
        case .head: break
        case .body: extendBodyDeadline(context)
        case .end:
            isRequestOpen = false
            deadline = nil
        }
        context.fireChannelRead(wrapInboundOut(part))
        endPassingIfOver(context)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var isEnd = false
        if case .end = unwrapOutboundIn(data) { isEnd = true }
        context.write(data, promise: promise)
        guard isEnd, case .passing = state else { return }
        isResponseOpen = false
        endPassingIfOver(context)
        guard !queue.isEmpty else { return }
        // The writer flushes its own reply next; ours behind it need their own flush.
        takeFromQueue(context)
        flushIfNeeded(context)
    }

    private func endPassingIfOver(_ context: ChannelHandlerContext) {
        guard case .passing = state, !isRequestOpen, !isResponseOpen else { return }
        state = .idle
        setDeadline(plane.configuration.idleTimeout, context)
        takeBackIfIdle()
    }

    // MARK: Plain requests

    /// Called by the handler before the codec.
    func plainRepliesWereWritten() {
        if let context { setDeadline(idleTime, context) }
    }

    private func takeBackIfIdle() {
        if case .idle = state, queue.isEmpty { plain?.takeBack() }
    }

    // MARK: Ends that nobody asked for

    private func endInput(_ event: ChannelEvent, _ context: ChannelHandlerContext) {
        if case .reading = state {
            context.close(promise: nil)
            return
        }
        // The handler behind us closes the connection when it hears this, written or not.
        if hasUnsentBytes(context) {
            let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(20)) {
                bound.value.handler.endInput(event, bound.value.context)
            }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func hasUnsentBytes(_ context: ChannelHandlerContext) -> Bool {
        // Only sockets know; other channels trap on an option that they do not have.
        guard context.channel.isActive, context.channel is any SocketOptionProvider,
            let bytes = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        else { return false }
        return bytes > 0
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        let isMalformed = error is HTTPParserError
        switch state {
        case .passing: context.fireErrorCaught(error)
        case .idle where isMalformed: refuseMalformed(error, context)
        case .reading where isMalformed: refuseMalformed(error, context)
        // The codec reads nothing behind a request that ends the connection, and complains when something comes.
        case .closing where isMalformed:
            isLastRequestRead = true
            if isLastReplySent { context.close(promise: nil) }
        case .idle, .reading, .resolving, .delaying, .closing: context.close(promise: nil)
        }
    }

    /// The codec gave up on the connection: there is no request to answer, only somebody to tell.
    private func refuseMalformed(_ error: any Error, _ context: ChannelHandlerContext) {
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/")
        let exchange = Exchange(
            head: head, address: nil, host: "", receivedAt: plane.surroundings.now(), ids: plane.ids)
        exchange.isRead = true
        let isTooLarge = (error as? HTTPParserError) == .headerOverflow
        let reply = isTooLarge ? Reply(status: 431) : Reply(Refusals.malformed, exchange)
        send(reply, exchange, context, mustClose: true)
    }

    // MARK: Time-outs

    private func setDeadline(_ duration: Duration, _ context: ChannelHandlerContext) {
        setDeadline(TimeAmount(duration), context)
    }

    private func setDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        let end = context.eventLoop.now + time
        deadline = end
        if timer == nil || end < timerFires { scheduleTimer(context) }
    }

    private func extendBodyDeadline(_ context: ChannelHandlerContext) {
        guard deadline != nil else { return }
        let pause = context.eventLoop.now + TimeAmount(plane.configuration.bodyPauseTimeout)
        deadline = min(pause, bodyDeadline)
    }

    /// One timer for each connection, set anew only when it fires or is late: a deadline is moved for every request.
    private func scheduleTimer(_ context: ChannelHandlerContext) {
        guard let deadline else { return }
        timer?.cancel()
        timerFires = deadline
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            bound.value.handler.timerFired(bound.value.context)
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        guard let deadline else { return }
        guard context.eventLoop.now >= deadline else {
            scheduleTimer(context)
            return
        }
        self.deadline = nil
        switch state {
        case .reading(let exchange):
            let reply = exchange.refusal ?? Reply(Refusals.bodyTimeout, exchange)
            send(reply, exchange, context, mustClose: true)
            flushIfNeeded(context)
        case .idle, .passing, .closing: context.close(promise: nil)
        case .resolving, .delaying: break
        }
    }
}
