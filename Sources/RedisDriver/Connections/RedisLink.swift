import Logging
import Synchronization

/// The connection to one server: opened on first use, opened again with growing pauses when it is lost. While it is lost,
/// commands fail at once instead of waiting.
final class RedisLink: Sendable {
    private enum State {
        case new
        case opening(Task<RedisConnection, any Error>)
        case open(RedisConnection)
        case lost(RedisError, since: ContinuousClock.Instant)
        case closed
    }

    let node: RedisNode
    private let options: RedisConnectionOptions
    private let figures: RedisFigures
    private let logger: Logger
    private let onLoss: @Sendable () -> Void
    private let state = Mutex(State.new)
    private let retrying = Mutex<Task<Void, Never>?>(nil)

    init(
        _ node: RedisNode, _ options: RedisConnectionOptions, _ figures: RedisFigures, _ logger: Logger,
        onLoss: @escaping @Sendable () -> Void = {}
    ) {
        self.node = node
        self.options = options
        self.figures = figures
        self.logger = logger
        self.onLoss = onLoss
    }

    var isOpen: Bool {
        state.withLock { if case .open = $0 { true } else { false } }
    }

    /// The open connection; waits only for the first attempt.
    ///
    /// - Throws: `RedisError` that says why there is none.
    func connection() async throws(RedisError) -> RedisConnection {
        let task: Task<RedisConnection, any Error>
        switch state.withLock({ begin(&$0) }) {
        case .open(let connection): return connection
        case .lost(let failure, _): throw failure
        case .opening(let opening): task = opening
        case .new, .closed: throw .unavailable("the client is closed")
        }
        do { return try await task.value } catch { throw error as? RedisError ?? .unavailable("\(error)") }
    }

    /// What the link is in, after the first attempt was begun.
    private func begin(_ state: inout State) -> State {
        if case .new = state { state = .opening(Task { try await self.open() }) }
        return state
    }

    private func open() async throws -> RedisConnection {
        do {
            let connection = try await RedisConnection.open(node, options)
            use(connection)
            return connection
        } catch {
            let failure = error as? RedisError ?? .unavailable("\(error)")
            lose(failure)
            throw failure
        }
    }

    private func use(_ connection: RedisConnection) {
        let (isClosed, lostAt) = state.withLock { state -> (Bool, ContinuousClock.Instant?) in
            if case .closed = state { return (true, nil) }
            var lostAt: ContinuousClock.Instant?
            if case .lost(_, let since) = state { lostAt = since }
            state = .open(connection)
            return (false, lostAt)
        }
        if isClosed { return connection.close() }
        if let lostAt {
            figures.reconnects.add(1, ordering: .relaxed)
            logger.notice(
                "Redis is back", metadata: ["node": "\(node)", "after": "\(ContinuousClock.now - lostAt)"])
        }
        connection.onEnd { [weak self] failure in self?.lose(failure) }
    }

    /// Says so once, and begins to try again.
    private func lose(_ failure: RedisError) {
        let isNews = state.withLock { state in
            switch state {
            case .lost, .closed: return false
            case .new, .opening, .open:
                state = .lost(failure, since: .now)
                return true
            }
        }
        guard isNews else { return }
        logger.warning(
            "Redis is lost; this node goes on with what it knows itself",
            metadata: ["node": "\(node)", "reason": "\(failure)"])
        let task = Task { [weak self, options] in
            var pause = options.limits.firstPause
            while !Task.isCancelled, let link = self, !link.isOpen {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, options.limits.longestPause)
                if let connection = try? await RedisConnection.open(link.node, options) { link.use(connection) }
            }
        }
        retrying.withLock { $0 = task }
        onLoss()
    }

    func close() {
        let connection = state.withLock { state -> RedisConnection? in
            defer { state = .closed }
            if case .open(let connection) = state { return connection }
            return nil
        }
        retrying.withLock { $0 }?.cancel()
        connection?.close()
    }
}
