import Foundation
import RedisDriver
import TestSupport

/// Six servers of a test's own: three masters with a replica each.
final class RedisCluster {
    let servers: [RedisServer]
    /// A client for each server alone.
    private let clients: [RedisClient]

    init() async throws {
        var servers: [RedisServer] = []
        while servers.count < 6 {
            servers.append(
                try await RedisServer(
                    [
                        "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                        "1000", "--repl-diskless-sync-delay", "0",
                    ]
                ))
        }
        self.servers = servers
        let nodes = servers.map { "127.0.0.1:\($0.port)" }
        try run("redis-cli", ["--cluster", "create"] + nodes + ["--cluster-replicas", "1", "--cluster-yes"])
        var clients: [RedisClient] = []
        for server in servers { clients.append(try await connectedClient(server.url)) }
        self.clients = clients
        // A replica that has not yet got its master's data never takes over.
        for client in clients {
            try await eventually("every replica is in step and every server knows the cluster") {
                let role = try await client.send(["ROLE"], key: nil).array ?? []
                let state = try await client.send(["CLUSTER", "INFO"], key: nil).text ?? ""
                return (role.first?.text == "master" || role.dropFirst(3).first?.text == "connected")
                    && state.contains("cluster_state:ok") && state.contains("cluster_known_nodes:6")
            }
        }
    }

    deinit { for client in clients { client.close() } }

    var url: String { "redis+cluster://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") }

    /// The masters, first the one that holds a key.
    func masters(of key: String) async throws -> [RedisClient] {
        var (owner, others): (RedisClient?, [RedisClient]) = (nil, [])
        for client in clients where try await client.send(["ROLE"], key: nil).array?.first?.text == "master" {
            do {
                _ = try await client.send(["EXISTS", RedisArgument(key)], key: nil)
                owner = client
            } catch RedisError.refused { others.append(client) }
        }
        guard let owner else { throw NeverHappened(what: "somebody owns \(key)") }
        return [owner] + others
    }

    /// Has the replica of a key's master take over, and returns when it has.
    func handOver(masterOf key: String) async throws {
        let port = try await masters(of: key)[0].address.nodes[0].port
        for client in clients {
            let role = try await client.send(["ROLE"], key: nil).array ?? []
            guard role.first?.text == "slave", role[2].integer == port else { continue }
            var askedAt: ContinuousClock.Instant?
            return try await eventually("the replica is master") {
                if try await client.send(["ROLE"], key: nil).array?.first?.text == "master" { return true }
                // Redis gives up after five seconds, which a busy machine may need.
                if askedAt.map({ ContinuousClock.now - $0 > .seconds(11) }) ?? true {
                    askedAt = .now
                    _ = try await client.send(["CLUSTER", "FAILOVER"], key: nil)
                }
                return false
            }
        }
        throw NeverHappened(what: "a replica follows \(port)")
    }

    /// Moves a key's slot as `redis-cli --cluster reshard` does.
    ///
    /// - Parameters:
    ///   - pause: called while half of the keys, and then while all keys, are at the target and the slot is not.
    func move(
        _ key: String, from source: RedisClient, to target: RedisClient, among masters: [RedisClient],
        pause: () async throws -> Void
    ) async throws {
        let slot = RedisArgument(
            try await source.send(["CLUSTER", "KEYSLOT", RedisArgument(key)], key: nil).integer ?? 0)
        let (from, to) = (try await id(source), try await id(target))
        _ = try await target.send(["CLUSTER", "SETSLOT", slot, "IMPORTING", from], key: nil)
        _ = try await source.send(["CLUSTER", "SETSLOT", slot, "MIGRATING", to], key: nil)
        let count = try await source.send(["CLUSTER", "COUNTKEYSINSLOT", slot], key: nil).integer ?? 0
        var moved = 0
        while true {
            let keys = try await source.send(["CLUSTER", "GETKEYSINSLOT", slot, "3"], key: nil).array ?? []
            if keys.isEmpty { break }
            let migrate: [RedisArgument] = [
                "MIGRATE", "127.0.0.1", RedisArgument(target.address.nodes[0].port), "", "0", "5000", "KEYS",
            ]
            _ = try await source.send(migrate + keys.map { RedisArgument($0.text ?? "") }, key: nil)
            if moved < count / 2, moved + keys.count >= count / 2 { try await pause() }
            moved += keys.count
        }
        try await pause()
        for master in [target, source] + masters.filter({ $0 !== source && $0 !== target }) {
            _ = try await master.send(["CLUSTER", "SETSLOT", slot, "NODE", to], key: nil)
        }
    }

    private func id(_ client: RedisClient) async throws -> RedisArgument {
        RedisArgument(try await client.send(["CLUSTER", "MYID"], key: nil).text ?? "")
    }
}
