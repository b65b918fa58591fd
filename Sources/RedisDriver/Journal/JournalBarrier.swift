import Domain
import Synchronization

/// Lets a reader on one node wait until the others have sent what they answered before: each live node is asked to flush
/// the workspace and says when it has. Who does not answer is waited for only briefly.
final class JournalBarrier: Sendable {
    typealias Flush = @Sendable (JournalKey) async -> Void

    private struct Wait {
        var missing: Set<String>
        let continuation: CheckedContinuation<Void, Never>
    }

    /// Notes a node as alive and names all that are. KEYS: nodes. ARGV: node, lifetime in seconds.
    private static let meet = RedisScript(
        """
        local now = tonumber(redis.call('TIME')[1])
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
        return redis.call('ZRANGE', KEYS[1], 0, -1)
        """)
    private static let lifetime = 6
    private static let heartbeat = Duration.seconds(2)
    private static let patience = Duration.milliseconds(300)

    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let node: String
    private let nodes: String
    private let channel: String
    private let waits = Mutex<[Int: Wait]>([:])
    private let tokens = Atomic<Int>(0)
    private let beating = Mutex<Task<Void, Never>?>(nil)

    init(_ client: RedisClient, _ subscriber: RedisSubscriber, node: String, flush: @escaping Flush) {
        self.client = client
        self.subscriber = subscriber
        self.node = node
        let base = "\(client.address.prefix):\(client.address.database):journal"
        nodes = "\(base):nodes"
        channel = "\(base):flush"
        subscriber.subscribe(to: channel) { [weak self, client] payload in
            let words = String(decoding: payload, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count == 4, words[0] != node, let tenant = TenantID(words[2]),
                let workspace = WorkspaceID(words[3])
            else { return }
            let answer = "\(base):flushed:\(words[0])"
            guard self != nil else { return }
            Task {
                await flush(JournalKey(tenant: tenant, workspace: workspace))
                _ = try? await client.send(
                    ["PUBLISH", RedisArgument(answer), RedisArgument("\(words[1]) \(node)")], key: nil)
            }
        }
        subscriber.subscribe(to: "\(base):flushed:\(node)") { [weak self] payload in
            let words = String(decoding: payload, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count == 2, let token = Int(words[0]) else { return }
            self?.answered(token, by: words[1])
        }
        let task = Task { [weak self] in
            // A node is asked only when it can hear the question.
            await subscriber.ready()
            while !Task.isCancelled, let self {
                _ = try? await self.liveNodes()
                try? await Task.sleep(for: Self.heartbeat)
            }
        }
        beating.withLock { $0 = task }
    }

    func close() { beating.withLock { $0 }?.cancel() }

    func wait(for key: JournalKey) async throws(RedisError) {
        let others = try await liveNodes().subtracting([node])
        guard !others.isEmpty else { return }
        let token = tokens.add(1, ordering: .relaxed).newValue
        let words = "\(node) \(token) \(key.tenant) \(key.workspace)"
        await withCheckedContinuation { continuation in
            waits.withLock { $0[token] = Wait(missing: others, continuation: continuation) }
            Task {
                _ = try? await client.send(["PUBLISH", RedisArgument(channel), RedisArgument(words)], key: nil)
                try? await Task.sleep(for: Self.patience)
                self.waits.withLock { $0.removeValue(forKey: token) }?.continuation.resume()
            }
        }
    }

    private func answered(_ token: Int, by other: String) {
        let finished = waits.withLock { waits -> Wait? in
            waits[token]?.missing.remove(other)
            guard waits[token]?.missing.isEmpty ?? false else { return nil }
            return waits.removeValue(forKey: token)
        }
        finished?.continuation.resume()
    }

    private func liveNodes() async throws(RedisError) -> Set<String> {
        let reply = try await client.evaluate(
            Self.meet, keys: [nodes], arguments: [RedisArgument(node), RedisArgument(Self.lifetime)])
        return Set((reply.array ?? []).compactMap(\.text))
    }
}
