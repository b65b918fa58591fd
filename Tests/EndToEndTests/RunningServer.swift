import Foundation
import JSON
import Synchronization
import TestSupport

/// A server with stores of its own: one process, or three behind a balancer, which answer as one.
final class RunningServer: Sendable {
    static let adminToken = "end-to-end-admin-token-0123456789"

    let nodes: [RunningNode]
    let balancer: Balancer?
    let folder: ScratchFolder
    private let arguments: [String]
    private let environment: [String: String]

    /// Where to call.
    var port: Int { balancer?.port ?? nodes[0].port }
    /// Of the first node.
    var managementPort: Int { nodes[0].managementPort }
    var url: String { "http://127.0.0.1:\(port)" }
    /// What the first node wrote.
    var output: [String] { nodes[0].process.lines }
    /// What the nodes wrote on standard error.
    var log: String { nodes.map(\.process.errorText).joined() }

    /// Starts a server and returns when it is ready.
    ///
    /// - Parameters:
    ///   - folder: a folder of an earlier server, to start again with its data.
    ///   - services: those of the cluster, when they are not the ones that all tests share.
    init(
        in folder: ScratchFolder? = nil, arguments: [String] = [],
        environment: [String: String] = ["MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken],
        deployment: Deployment = .current, services: Services? = .shared
    ) async throws {
        let folder = try folder ?? ScratchFolder()
        self.folder = folder
        self.arguments = arguments
        let data = Self.data(folder)
        guard deployment == .cluster else {
            nodes = [
                try RunningNode(folder: folder, dataFolder: data, arguments: arguments, environment: environment)
            ]
            balancer = nil
            self.environment = environment
            try await nodes[0].ready()
            return
        }
        guard let services else { throw ChildProcess.Failure(description: "no services; run make test") }
        let stores = try await folder.stores(services)
        let port = try FreePorts.next()
        let environment = environment.merging(stores.environment) { given, _ in given }
            .merging(["MOCKFORGE_SERVER_PUBLIC_URL": "http://localhost:\(port)"]) { given, _ in given }
        self.environment = environment
        func node() throws -> RunningNode {
            try RunningNode(folder: folder, dataFolder: data, arguments: arguments, environment: environment)
        }
        // The first one makes the tables and, where none is given, the token.
        let first = try node()
        try await first.ready()
        nodes = [first, try node(), try node()]
        for node in nodes { try await node.ready() }
        balancer = try await Balancer(port: port, nodes: nodes, in: folder)
    }

    private static func data(_ folder: ScratchFolder) -> String { folder.path + "/data" }

    /// Starts a node in the place of one that has ended, at the same ports.
    func successor(of node: RunningNode) throws -> RunningNode {
        try RunningNode(
            folder: folder, dataFolder: Self.data(folder), arguments: arguments, environment: environment,
            port: node.port, managementPort: node.managementPort)
    }

    /// The API with the operator's token.
    var admin: API { API(port: port, token: Self.adminToken) }

    func api(_ key: String) -> API { API(port: port, token: key) }

    /// Asks all nodes to stop and waits; the greatest exit code.
    func stop() async throws -> Int32 {
        terminate()
        return try await exitCode()
    }

    func terminate() { for node in nodes { node.process.terminate() } }

    func exitCode() async throws -> Int32 {
        var greatest: Int32 = 0
        for node in nodes { greatest = max(greatest, try await node.process.exitCode(upTo: .seconds(60))) }
        return greatest
    }

    /// Ends it as a power cut would.
    func kill() async throws {
        for node in nodes { node.process.kill() }
        for node in nodes { _ = try await node.process.exitCode(upTo: .seconds(60)) }
    }

    /// Waits until standard output has a line that begins so.
    func line(beginningWith prefix: String) async throws -> String {
        let process = nodes[0].process
        try await process.wait(upTo: .seconds(60), for: prefix) { process.lines.contains { $0.hasPrefix(prefix) } }
        return process.lines.first { $0.hasPrefix(prefix) } ?? ""
    }

    /// How many tenants have a schema, asked of the store itself.
    func schemaCount() async throws -> Int {
        if let stores = folder.currentStores {
            let rows = try await stores.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tenant\\_%'")
            return rows.first.flatMap { Int($0) } ?? -1
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data/tenants")
        return files.count { $0.hasSuffix(".sqlite") }
    }
}

enum Programs {
    /// The binary that was built beside this test bundle.
    static let mockforge: String = {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appendingPathComponent("mockforge").path
    }()

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Where the public test data is; nil where it is absent.
    static let specifications: String? = {
        let path = ProcessInfo.processInfo.environment["MOCKFORGE_SPECS"] ?? repository + "/../shared/specs"
        return FileManager.default.fileExists(atPath: path + "/openapi") ? path : nil
    }()

    /// Runs a command of the product to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in folder: ScratchFolder? = nil
    ) async throws -> (code: Int32, output: String, errors: String) {
        let folder = try folder ?? ScratchFolder()
        let process = try ChildProcess(mockforge, arguments, in: folder.path, environment: environment)
        let code = try await process.exitCode(upTo: .seconds(60))
        return (code, process.lines.joined(separator: "\n"), process.errorText)
    }
}

/// A folder that goes with this object.
final class ScratchFolder: Sendable {
    let path: String
    private let kept = Mutex<ClusterStores?>(nil)

    /// The stores outside the folder that belong to it, so that a server started again in it finds its data.
    func stores(_ services: Services) async throws -> ClusterStores {
        if let stores = currentStores { return stores }
        let stores = try await ClusterStores(services)
        kept.withLock { $0 = stores }
        return stores
    }

    var currentStores: ClusterStores? { kept.withLock { $0 } }

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("mockforge-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
}
