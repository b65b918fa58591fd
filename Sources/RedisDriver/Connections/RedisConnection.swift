import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One connection: commands go out in the order they come, replies come back in the same order.
///
/// A command is never sent twice. When the connection ends, everything that waits fails, whether it ran or not.
final class RedisConnection: Sendable {
    typealias Completion = @Sendable (Result<RedisReply, RedisError>) -> Void

    private struct Pending {
        let deadline: NIODeadline
        let completion: Completion
    }

    private struct State {
        var failure: RedisError?
        /// Commands that the event loop has not written yet.
        var outgoing = ByteBuffer()
        var waiting = CircularBuffer<Pending>()
        var isWriting = false
        var isTiming = false
        var onEnd: (@Sendable (RedisError) -> Void)?
    }

    /// What a subscriber's connection gets without asking: messages and confirmations.
    typealias PushHandler = @Sendable (_ kind: PushKind, _ channel: String, _ payload: RedisReply) -> Void

    enum PushKind: String, Sendable {
        case message, subscribe, unsubscribe
    }

    private static let maxOutgoingBytes = 64 * 1024 * 1024

    private let channel: any Channel
    private let timeout: TimeAmount
    private let maxInFlight: Int
    private let onPush: PushHandler?
    private let state = Mutex(State())

    private init(_ channel: any Channel, timeout: Duration, maxInFlight: Int, onPush: PushHandler?) {
        self.channel = channel
        self.timeout = TimeAmount(timeout)
        self.maxInFlight = maxInFlight
        self.onPush = onPush
    }

    /// Opens a connection, signs in and chooses the database.
    ///
    /// - Throws: `RedisError` with a sentence that names the node.
    static func open(
        _ node: RedisNode, _ options: RedisConnectionOptions, onPush: PushHandler? = nil
    ) async throws -> RedisConnection {
        let connection: RedisConnection
        do {
            connection = try await ClientBootstrap(group: options.eventLoops)
                .connectTimeout(TimeAmount(options.address.timeout))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: node.host, port: node.port)
                .flatMap { channel in prepare(channel, node, options, onPush) }
                .get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError.unavailable("Redis cannot be reached at \(node): \(reason(error))")
        }
        do {
            try await connection.signIn(options.address)
        } catch {
            connection.close()
            throw switch error {
            case .timedOut:
                RedisError.unavailable("Redis at \(node) accepts connections and does not answer")
            case .refused(let words): RedisError.refused("Redis at \(node) refuses us: \(words)")
            default: RedisError.unavailable("Redis cannot be used at \(node): \(error)")
            }
        }
        return connection
    }

    private static func prepare(
        _ channel: any Channel, _ node: RedisNode, _ options: RedisConnectionOptions, _ onPush: PushHandler?
    ) -> EventLoopFuture<RedisConnection> {
        channel.eventLoop.submit {
            let connection = RedisConnection(
                channel, timeout: options.address.timeout, maxInFlight: options.limits.commandsInFlight,
                onPush: onPush)
            if let tls = options.tls {
                // A name for SNI; an address is compared with the certificate's addresses.
                let isAddress = (try? SocketAddress(ipAddress: node.host, port: node.port)) != nil
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : node.host))
            }
            try channel.pipeline.syncOperations.addHandler(
                CommandHandler(connection, limits: options.limits.replies))
            return connection
        }
    }

    /// The system's words where there are any.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first { return reason(failure.error) }
            return error.dnsAError.map { "the host name cannot be resolved (\($0))" } ?? "no address answers"
        case let error as IOError: return error.description
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "\(error)"
        }
    }

    private func signIn(_ address: RedisAddress) async throws(RedisError) {
        if let password = address.password {
            let user = address.user.map { [RedisArgument($0)] } ?? []
            _ = try await send([["AUTH"] + user + [RedisArgument(password)]])[0].get()
        }
        if address.database != 0 {
            _ = try await send([["SELECT", RedisArgument(address.database)]])[0].get()
        }
        _ = try await send([["PING"]])[0].get()
    }

    // MARK: Commands

    /// Sends commands in one piece, with nothing of others between them, and waits for all replies.
    func send(_ commands: [[RedisArgument]]) async -> [Result<RedisReply, RedisError>] {
        guard !commands.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let replies = ReplyCollector(count: commands.count) { continuation.resume(returning: $0) }
            submit(commands.enumerated().map { index, command in (command, { replies.put($0, at: index) }) })
        }
    }

    /// Sends a command whose reply comes as a push.
    func subscribe(_ verb: PushKind, _ channels: [String]) {
        guard !channels.isEmpty else { return }
        write { state in
            state.outgoing.writeCommand([RedisArgument(verb.rawValue)] + channels.map { RedisArgument($0) })
            return nil
        }
    }

    /// Completions are called on the event loop or, where nothing can be sent, at once.
    func submit(_ commands: [(arguments: [RedisArgument], completion: Completion)]) {
        write { state in
            if state.waiting.count + commands.count > maxInFlight
                || state.outgoing.readableBytes > Self.maxOutgoingBytes
            {
                return .overloaded
            }
            let deadline = NIODeadline.now() + timeout
            for command in commands {
                state.outgoing.writeCommand(command.arguments)
                state.waiting.append(Pending(deadline: deadline, completion: command.completion))
            }
            return nil
        } otherwise: { failure in
            for command in commands { command.completion(.failure(failure)) }
        }
    }

    private func write(
        _ fill: (inout State) -> RedisError?, otherwise refuse: (RedisError) -> Void = { _ in }
    ) {
        var mustWrite = false
        let failure = state.withLock { state -> RedisError? in
            if let failure = state.failure { return failure }
            if let failure = fill(&state) { return failure }
            mustWrite = !state.isWriting
            state.isWriting = true
            return nil
        }
        if let failure { refuse(failure) }
        // What comes until the event loop gets to it goes out in the same write.
        if mustWrite { channel.eventLoop.execute { self.flush() } }
    }

    private func flush() {
        let (bytes, deadline) = state.withLock { state in
            state.isWriting = false
            defer { state.outgoing = ByteBuffer() }
            let deadline = state.isTiming ? nil : state.waiting.first?.deadline
            if deadline != nil { state.isTiming = true }
            return (state.outgoing, deadline)
        }
        if bytes.readableBytes > 0 { channel.writeAndFlush(bytes, promise: nil) }
        if let deadline { time(until: deadline) }
    }

    /// One timer at a time, for the command that waits longest. Replies come in order, so when that one is late the
    /// connection hangs and nothing behind it can be answered either.
    private func time(until deadline: NIODeadline) {
        channel.eventLoop.scheduleTask(deadline: deadline) {
            let next = self.state.withLock { state -> NIODeadline? in
                let next = state.waiting.first?.deadline
                if next == nil { state.isTiming = false }
                return next
            }
            guard let next else { return }
            if next <= .now() {
                self.end(.timedOut)
                self.channel.close(promise: nil)
            } else {
                self.time(until: next)
            }
        }
    }

    // MARK: Replies

    /// On the event loop.
    func received(_ reply: RedisReply) {
        if let onPush, case .array(let parts) = reply, parts.count == 3, let kind = parts[0].text,
            let kind = PushKind(rawValue: kind), let channel = parts[1].text
        {
            onPush(kind, channel, parts[2])
            return
        }
        guard let pending = state.withLock({ $0.waiting.popFirst() }) else {
            end(.malformed("Redis sent a reply that nothing asked for"))
            channel.close(promise: nil)
            return
        }
        if case .error(let words) = reply {
            pending.completion(.failure(.refused(words)))
        } else {
            pending.completion(.success(reply))
        }
    }

    // MARK: The end

    /// Calls `handler` once when the connection has ended, at once if it has.
    func onEnd(_ handler: @escaping @Sendable (RedisError) -> Void) {
        let failure = state.withLock { state -> RedisError? in
            if state.failure == nil { state.onEnd = handler }
            return state.failure
        }
        if let failure { handler(failure) }
    }

    /// Fails everything that waits. Does nothing the second time.
    func end(_ failure: RedisError) {
        let (waiting, onEnd) = state.withLock { state in
            guard state.failure == nil else {
                return (CircularBuffer<Pending>(), nil as (@Sendable (RedisError) -> Void)?)
            }
            state.failure = failure
            defer {
                state.waiting = CircularBuffer()
                state.outgoing = ByteBuffer()
                state.onEnd = nil
            }
            return (state.waiting, state.onEnd)
        }
        // First, so that whoever is told of the failure finds the connection gone.
        onEnd?(failure)
        for pending in waiting { pending.completion(.failure(failure)) }
    }

    func close() {
        end(.unavailable("the connection to Redis was closed"))
        channel.close(promise: nil)
    }
}

/// Gathers the replies of several commands.
private final class ReplyCollector: Sendable {
    private struct State {
        var replies: [Result<RedisReply, RedisError>]
        var missing: Int
    }

    private let state: Mutex<State>
    private let whenComplete: @Sendable ([Result<RedisReply, RedisError>]) -> Void

    init(count: Int, whenComplete: @escaping @Sendable ([Result<RedisReply, RedisError>]) -> Void) {
        state = Mutex(
            State(replies: Array(repeating: .success(.null), count: count), missing: count))
        self.whenComplete = whenComplete
    }

    func put(_ reply: Result<RedisReply, RedisError>, at index: Int) {
        let replies = state.withLock { state -> [Result<RedisReply, RedisError>]? in
            state.replies[index] = reply
            state.missing -= 1
            return state.missing == 0 ? state.replies : nil
        }
        if let replies { whenComplete(replies) }
    }
}
