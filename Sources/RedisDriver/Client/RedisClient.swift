package import Domain
package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// Redis, one server or a cluster, over one pipelined connection to each.
///
/// A command that finds no connection fails at once, and one whose connection is lost fails without being sent again:
/// the caller knows what to do without Redis. Only what a cluster did not run (MOVED, ASK, TRYAGAIN) is sent elsewhere.
package final class RedisClient: Sendable {
    private struct Cluster {
        var slots = SlotMap()
        var links: [RedisNode: RedisLink] = [:]
        var isClosed = false
        var refresh: Task<Void, Never>?
        var refreshedAt: ContinuousClock.Instant?
    }

    /// A command follows at most this many answers that send it elsewhere.
    private static let maxRedirections = 8
    private static let shortestRefreshPause = Duration.milliseconds(100)
    /// How often a cluster is asked how it stands while one of its masters is missing.
    private static let missingMasterPause = Duration.milliseconds(250)

    package let address: RedisAddress
    package let figures = RedisFigures()
    let options: RedisConnectionOptions
    let logger: Logger
    private let cluster: Mutex<Cluster>

    /// Connects nothing yet.
    ///
    /// - Throws: `RedisAddress.Refusal` for certificates that cannot be read.
    package init(
        _ address: RedisAddress, logger: Logger,
        eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, limits: RedisLimits = RedisLimits()
    ) throws(RedisAddress.Refusal) {
        self.address = address
        self.logger = logger
        options = try RedisConnectionOptions(address, limits, eventLoops)
        cluster = Mutex(Cluster())
    }

    /// Makes sure that Redis is there and takes us, which a starting node insists on. Later losses mend themselves.
    ///
    /// - Throws: `RedisError` with a sentence.
    package func connect() async throws(RedisError) {
        var failure = RedisError.unavailable("no Redis server is named")
        for node in address.nodes {
            do throws(RedisError) {
                let connection = try await link(to: node).connection()
                if address.isCluster { try await learnSlots(from: node, connection) }
                return
            } catch { failure = error }
        }
        throw failure
    }

    /// Whether every server that is needed is connected.
    package var isUp: Bool {
        let links = cluster.withLock { cluster in
            let nodes = address.isCluster ? cluster.slots.masters : address.nodes
            return nodes.map { cluster.links[$0] }
        }
        return !links.isEmpty && links.allSatisfy { $0?.isOpen ?? false }
    }

    package func close() {
        let (links, refresh) = cluster.withLock { cluster in
            cluster.isClosed = true
            defer { cluster.links = [:] }
            return (Array(cluster.links.values), cluster.refresh)
        }
        refresh?.cancel()
        for link in links { link.close() }
    }

    /// A tenant's key: `mf:{tenant}:part:part`. All keys of a tenant share a slot, so that one script can touch several.
    package func key(_ tenant: TenantID, _ parts: String...) -> String {
        "\(address.prefix):{\(tenant.text)}:" + parts.joined(separator: ":")
    }

    // MARK: Commands

    /// - Parameter key: decides which server of a cluster is asked; nil when any will do.
    /// - Throws: `RedisError`; an error answer of the server is `.refused`.
    package func send(_ command: [RedisArgument], key: String?) async throws(RedisError) -> RedisReply {
        try await pipeline([command], key: key)[0].get()
    }

    /// Runs a script on the server of its keys, which must belong to one tenant.
    package func evaluate(
        _ script: RedisScript, keys: [String], arguments: [RedisArgument]
    ) async throws(RedisError) -> RedisReply {
        let rest = [RedisArgument(keys.count)] + keys.map { RedisArgument($0) } + arguments
        do {
            return try await send(["EVALSHA", RedisArgument(script.digest)] + rest, key: keys.first)
        } catch .refused(let words) where words.hasPrefix("NOSCRIPT") {
            return try await send(["EVAL", RedisArgument(script.text)] + rest, key: keys.first)
        }
    }

    /// Sends several commands for the same server at once. The replies come in the order of the commands.
    ///
    /// - Throws: `RedisError` when nothing was sent; else each command has its own result.
    package func pipeline(
        _ commands: [[RedisArgument]], key: String?
    ) async throws(RedisError) -> [Result<RedisReply, RedisError>] {
        guard !commands.isEmpty else { return [] }
        figures.commands.add(commands.count, ordering: .relaxed)
        do throws(RedisError) {
            let replies =
                if address.isCluster { try await sendToCluster(commands, key: key) } else {
                    await (try link(to: address.nodes[0]).connection()).send(commands)
                }
            var failures = 0
            for case .failure(let failure) in replies {
                if case .refused = failure { continue }
                failures += 1
            }
            if failures > 0 { figures.failures.add(failures, ordering: .relaxed) }
            return replies
        } catch {
            figures.failures.add(commands.count, ordering: .relaxed)
            throw error
        }
    }

    // MARK: A cluster

    private func link(to node: RedisNode) throws(RedisError) -> RedisLink {
        let link = cluster.withLock { cluster -> RedisLink? in
            if cluster.isClosed { return nil }
            if let link = cluster.links[node] { return link }
            let link = RedisLink(node, options, figures, logger) { [weak self] in
                if let self, self.address.isCluster { self.beginRefresh() }
            }
            cluster.links[node] = link
            return link
        }
        guard let link else { throw .unavailable("the client is closed") }
        return link
    }

    private func sendToCluster(
        _ commands: [[RedisArgument]], key: String?
    ) async throws(RedisError) -> [Result<RedisReply, RedisError>] {
        guard let node = node(for: key) else { throw .unavailable("no server of the Redis cluster is connected") }
        var replies: [Result<RedisReply, RedisError>]
        do throws(RedisError) {
            replies = await (try link(to: node).connection()).send(commands)
        } catch {
            beginRefresh()
            throw error
        }
        for index in replies.indices {
            if case .failure(let failure) = replies[index] {
                replies[index] = await follow(failure, of: commands[index], from: node, key: key)
            }
        }
        return replies
    }

    /// Sends a command that a node did not run where it belongs.
    private func follow(
        _ failure: RedisError, of command: [RedisArgument], from node: RedisNode, key: String?
    ) async -> Result<RedisReply, RedisError> {
        var (failure, node) = (failure, node)
        var pause = Duration.milliseconds(10)
        for _ in 0..<Self.maxRedirections {
            guard case .refused(let words) = failure else {
                beginRefresh()
                return .failure(failure)
            }
            guard let redirection = Redirection(words, from: node) else { return .failure(failure) }
            figures.redirections.add(1, ordering: .relaxed)
            var prefix: [[RedisArgument]] = []
            switch redirection {
            case .moved(let slot, let target):
                cluster.withLock { $0.slots.move(slot, to: target) }
                beginRefresh()
                node = target
            case .ask(let target):
                prefix = [["ASKING"]]
                node = target
            case .tryAgain:
                beginRefresh()
                try? await Task.sleep(for: pause)
                pause = pause * 2
                node = self.node(for: key) ?? node
            case .down:
                beginRefresh()
                return .failure(.unavailable("a part of the Redis cluster is down: \(words)"))
            }
            do throws(RedisError) {
                let replies = await (try link(to: node).connection()).send(prefix + [command])
                guard case .failure(let next) = replies[replies.count - 1] else { return replies[replies.count - 1] }
                failure = next
            } catch { failure = error }
        }
        return .failure(.unavailable("the Redis cluster is rearranging itself: \(failure)"))
    }

    private func node(for key: String?) -> RedisNode? {
        cluster.withLock { cluster in
            if let key { return cluster.slots[KeySlot.slot(of: key)] ?? address.nodes.first }
            let masters = cluster.slots.masters
            return masters.first { cluster.links[$0]?.isOpen ?? false } ?? masters.first ?? address.nodes.first
        }
    }

    /// The nodes that may know how the cluster stands, connected ones first.
    var knownNodes: [RedisNode] {
        cluster.withLock { cluster in
            var nodes = cluster.slots.masters.filter { cluster.links[$0]?.isOpen ?? false }
            for node in cluster.slots.masters + address.nodes where !nodes.contains(node) { nodes.append(node) }
            return nodes
        }
    }

    /// Asks for the slots in the background, once at a time and not too often, until every master is connected: the one
    /// that takes a dead one's place is known only when the others have agreed on it.
    private func beginRefresh() {
        cluster.withLock { cluster in
            guard cluster.refresh == nil, !cluster.isClosed else { return }
            let wait = cluster.refreshedAt.map { Self.shortestRefreshPause - (ContinuousClock.now - $0) } ?? .zero
            cluster.refresh = Task { [weak self] in
                if wait > .zero { try? await Task.sleep(for: wait) }
                while !Task.isCancelled, let client = self {
                    await client.refresh()
                    if client.endRefreshWhenUp() { return }
                    try? await Task.sleep(for: Self.missingMasterPause)
                }
            }
        }
    }

    private func refresh() async {
        for node in knownNodes where !Task.isCancelled {
            do throws(RedisError) {
                return try await learnSlots(from: node, try await link(to: node).connection())
            } catch { continue }
        }
    }

    private func endRefreshWhenUp() -> Bool {
        let isUp = isUp
        cluster.withLock { cluster in
            cluster.refreshedAt = .now
            if isUp { cluster.refresh = nil }
        }
        return isUp
    }

    private func learnSlots(from node: RedisNode, _ connection: RedisConnection) async throws(RedisError) {
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send([["CLUSTER", "SLOTS"]])[0].get()
        } catch .refused(let words) {
            throw .refused("Redis at \(node) is not part of a cluster: \(words)")
        }
        guard let slots = SlotMap(reply, from: node) else {
            throw .unavailable("the Redis cluster at \(node) has no slots; create it with redis-cli --cluster create")
        }
        let gone = cluster.withLock { cluster -> [RedisLink] in
            cluster.slots = slots
            let needed = slots.masters + address.nodes
            let gone = cluster.links.filter { !needed.contains($0.key) }
            for node in gone.keys { cluster.links[node] = nil }
            return Array(gone.values)
        }
        // What is under way to a node that has handed its slots over gets its answer: MOVED, or better.
        for link in gone {
            Task { [options] in
                try? await Task.sleep(for: options.address.timeout)
                link.close()
            }
        }
        // Opened now, so that the first command for each does not wait.
        for master in slots.masters {
            if let link = try? link(to: master) { Task { try? await link.connection() } }
        }
    }
}
