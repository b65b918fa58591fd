import Logging
import NIOCore
import Synchronization

/// What a node hears from Redis's channels, over a connection of its own: a RESP2 connection that subscribes can do
/// nothing else. Messages sent while it is lost are lost too, which is why it tells when it is back.
package final class RedisSubscriber: Sendable {
    /// Called on an event loop, in the order of the messages: must be quick.
    package typealias Handler = @Sendable (_ payload: [UInt8]) -> Void

    private struct State {
        var handlers: [String: Handler] = [:]
        var confirmed: Set<String> = []
        var connection: RedisConnection?
        var opening: Task<Void, Never>?
        var keepAlive: Task<Void, Never>?
        var lossHandlers: [@Sendable () -> Void] = []
        /// Set when messages may have been missed, until everything is subscribed again.
        var hasMissed = false
        var wasConnected = false
        var isClosed = false
        var waiters: [CheckedContinuation<Void, Never>] = []

        var isReady: Bool { connection != nil && confirmed.count == handlers.count }
    }

    private static let keepAlivePause = Duration.seconds(2)

    private let client: RedisClient
    private let state = Mutex(State())

    package init(_ client: RedisClient) { self.client = client }

    /// Hears a channel from about now on; `ready` waits for it.
    package func subscribe(to channel: String, _ handler: @escaping Handler) {
        let connection = state.withLock { state -> RedisConnection? in
            state.handlers[channel] = handler
            state.confirmed.remove(channel)
            if state.connection == nil { beginOpening(&state) }
            return state.connection
        }
        connection?.subscribe(.subscribe, [channel])
    }

    package func unsubscribe(from channel: String) {
        let connection = state.withLock { state -> RedisConnection? in
            state.handlers[channel] = nil
            state.confirmed.remove(channel)
            return state.connection
        }
        connection?.subscribe(.unsubscribe, [channel])
    }

    /// Calls `handler` each time when messages may have been missed and what comes now is heard again.
    package func onReconnect(_ handler: @escaping @Sendable () -> Void) {
        state.withLock { $0.lossHandlers.append(handler) }
    }

    /// Returns when every channel is heard. Waits for as long as there is no connection.
    package func ready() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isReady || state.isClosed { return true }
                state.waiters.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    package func close() {
        let (connection, tasks, waiters) = state.withLock { state in
            state.isClosed = true
            defer {
                state.connection = nil
                state.waiters = []
            }
            return (state.connection, [state.opening, state.keepAlive], state.waiters)
        }
        for task in tasks { task?.cancel() }
        connection?.close()
        for waiter in waiters { waiter.resume() }
    }

    // MARK: The connection

    private func beginOpening(_ state: inout State) {
        guard !state.isClosed, state.opening == nil else { return }
        state.opening = Task { [weak self] in
            guard let client = self?.client else { return }
            var pause = client.options.limits.firstPause
            while !Task.isCancelled {
                for node in client.knownNodes {
                    let connection = try? await RedisConnection.open(node, client.options) { [weak self] in
                        self?.received($0, $1, $2)
                    }
                    if let connection {
                        if let self { self.use(connection) } else { connection.close() }
                        return
                    }
                }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, client.options.limits.longestPause)
            }
        }
    }

    private func use(_ connection: RedisConnection) {
        let channels = state.withLock { state -> [String]? in
            state.opening = nil
            guard !state.isClosed else { return nil }
            state.connection = connection
            state.confirmed = []
            state.hasMissed = state.wasConnected
            state.wasConnected = true
            state.keepAlive = Task {
                // A command that gets no answer ends the connection; without one a dead peer would not be noticed.
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.keepAlivePause)
                    guard case .success = await connection.send([["PING"]])[0] else { return }
                }
            }
            return Array(state.handlers.keys)
        }
        guard let channels else { return connection.close() }
        connection.onEnd { [weak self] _ in self?.lost() }
        connection.subscribe(.subscribe, channels)
    }

    private func lost() {
        state.withLock { state in
            state.connection = nil
            state.keepAlive?.cancel()
            state.keepAlive = nil
            beginOpening(&state)
        }
    }

    private func received(_ kind: RedisConnection.PushKind, _ channel: String, _ payload: RedisReply) {
        switch kind {
        case .message:
            guard let bytes = payload.bytes, let handler = state.withLock({ $0.handlers[channel] }) else { return }
            handler(bytes)
        case .subscribe:
            let (handlers, waiters) = state.withLock { state in
                if state.handlers[channel] != nil { state.confirmed.insert(channel) }
                guard state.isReady else { return ([@Sendable () -> Void](), [CheckedContinuation<Void, Never>]()) }
                defer {
                    state.hasMissed = false
                    state.waiters = []
                }
                return (state.hasMissed ? state.lossHandlers : [], state.waiters)
            }
            for handler in handlers { handler() }
            for waiter in waiters { waiter.resume() }
        case .unsubscribe: break
        }
    }
}
