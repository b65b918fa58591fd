import Foundation

/// HAProxy before three nodes, with the configuration that `make cluster` uses.
final class Balancer: Sendable {
    let port: Int
    private let process: ChildProcess

    init(port: Int, nodes: [RunningNode], in folder: ScratchFolder) async throws {
        self.port = port
        var environment = ["BALANCER_ADDRESS": "127.0.0.1:\(port)"]
        for (index, node) in nodes.enumerated() {
            environment["NODE\(index + 1)_ADDRESS"] = "127.0.0.1:\(node.port)"
            environment["NODE\(index + 1)_HEALTH_PORT"] = "\(node.managementPort)"
        }
        process = try ChildProcess(
            "/usr/sbin/haproxy", ["-db", "-f", Programs.repository + "/deploy/cluster/haproxy.cfg"], in: folder.path,
            environment: environment)
        let http = HTTP(port: port)
        try await process.wait(upTo: .seconds(30), for: "the balancer") {
            (try? await http.get("/health").status) == 200
        }
    }

    deinit { process.kill() }
}
