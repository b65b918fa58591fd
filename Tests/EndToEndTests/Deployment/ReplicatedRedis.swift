import Foundation
import TestSupport

/// A Redis Cluster of one test's own: three masters, each with a replica that takes over when its master dies.
final class ReplicatedRedis: Sendable {
    private let folder: ScratchFolder
    private let servers: [(port: Int, process: ChildProcess)]

    init() async throws {
        let folder = try ScratchFolder()
        self.folder = folder
        var servers: [(port: Int, process: ChildProcess)] = []
        while servers.count < 6 {
            // The servers talk to each other 10,000 above the port, which must be a port too.
            let port = try FreePorts.next()
            guard port <= 55_000 else { continue }
            let data = "\(folder.path)/\(port)"
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            let process = try ChildProcess(
                "/usr/bin/redis-server",
                [
                    "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", data, "--cluster-enabled", "yes",
                    "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0",
                ], in: data, environment: [:])
            servers.append((port, process))
        }
        self.servers = servers
        for (port, _) in servers {
            guard try await answers("PONG", to: ["PING"], port: port) else { throw Self.failure("port \(port)") }
        }
        let nodes = servers.map { "127.0.0.1:\($0.port)" }
        _ = try await Self.cli(["--cluster", "create"] + nodes + ["--cluster-replicas", "1", "--cluster-yes"])
        for (port, _) in servers {
            guard try await answers("cluster_state:ok", to: ["CLUSTER", "INFO"], port: port) else {
                throw Self.failure("the cluster as \(port) sees it")
            }
        }
        // A replica that has not yet got its master's data never takes over.
        for (port, _) in servers[3...] {
            guard try await answers("connected", to: ["ROLE"], port: port) else {
                throw Self.failure("the replica at \(port)")
            }
        }
    }

    deinit { for (_, process) in servers { process.kill() } }

    var url: String { "redis+cluster://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") }

    /// Ends a master as a power cut would, and returns when a replica has taken its place.
    func killMaster() async throws {
        let replicas = servers[3...].map(\.port)
        servers[0].process.kill()
        let isReplaced = try await eventually(within: .seconds(60)) {
            for port in replicas where try await Self.cli(["-p", "\(port)", "ROLE"]).contains("master") {
                return try await Self.cli(["-p", "\(port)", "CLUSTER", "INFO"]).contains("cluster_state:ok")
            }
            return false
        }
        guard isReplaced != nil else { throw Self.failure("the successor of the master") }
    }

    private func answers(_ words: String, to command: [String], port: Int) async throws -> Bool {
        try await eventually(within: .seconds(30)) {
            try await Self.cli(["-p", "\(port)"] + command).contains(words)
        } != nil
    }

    private static func cli(_ arguments: [String]) async throws -> String {
        let process = try ChildProcess("/usr/bin/redis-cli", arguments, in: "/tmp", environment: [:])
        _ = try await process.exitCode(upTo: .seconds(60))
        return process.lines.joined(separator: "\n")
    }

    private static func failure(_ what: String) -> ChildProcess.Failure {
        ChildProcess.Failure(description: "Redis: \(what) is not there in time")
    }
}
