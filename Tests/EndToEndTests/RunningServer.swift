import Foundation
import JSON
import Synchronization

/// A `mockforge serve` process of its own, with a folder of its own.
final class RunningServer: Sendable {
    static let adminToken = "end-to-end-admin-token-0123456789"

    let port: Int
    let managementPort: Int
    let folder: ScratchFolder
    private let process: ChildProcess

    var url: String { "http://127.0.0.1:\(port)" }
    var output: [String] { process.lines }
    /// What it wrote on standard error.
    var log: String { process.errorText }

    /// Starts a server and returns when it is ready.
    ///
    /// - Parameter folder: a folder of an earlier server, to start again with its data.
    init(
        in folder: ScratchFolder? = nil, arguments: [String] = [],
        environment: [String: String] = ["MOCKFORGE_ADMIN_TOKEN": RunningServer.adminToken]
    ) async throws {
        self.folder = try folder ?? ScratchFolder()
        (port, managementPort) = (try FreePorts.next(), try FreePorts.next())
        process = try ChildProcess(
            Programs.mockforge,
            [
                "serve", "--port", "\(port)", "--management-port", "\(managementPort)", "--data-dir",
                self.folder.path + "/data",
            ] + arguments,
            in: self.folder.path,
            environment: environment)
        let management = HTTP(port: managementPort)
        try await process.wait(upTo: .seconds(60), for: "readiness") {
            (try? await management.get("/health/ready").status) == 200
        }
    }

    deinit { process.kill() }

    /// The API with the operator's token.
    var admin: API { API(port: port, token: Self.adminToken) }

    func api(_ key: String) -> API { API(port: port, token: key) }

    /// Asks it to stop and waits; the exit code.
    func stop() async throws -> Int32 {
        process.terminate()
        return try await process.exitCode(upTo: .seconds(60))
    }

    func terminate() { process.terminate() }

    func exitCode() async throws -> Int32 { try await process.exitCode(upTo: .seconds(60)) }

    /// Ends it as a power cut would.
    func kill() async throws {
        process.kill()
        _ = try await process.exitCode(upTo: .seconds(60))
    }

    /// Waits until standard output has a line that begins so.
    func line(beginningWith prefix: String) async throws -> String {
        try await process.wait(upTo: .seconds(60), for: prefix) { [process] in
            process.lines.contains { $0.hasPrefix(prefix) }
        }
        return process.lines.first { $0.hasPrefix(prefix) } ?? ""
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

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("mockforge-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
}

/// Ports that nobody has, each given out once in this process.
enum FreePorts {
    private static let given = Mutex<Set<Int>>([])

    struct NoneLeft: Error {}

    static func next() throws -> Int {
        for _ in 0..<100 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port: Int? = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    guard bind(descriptor, generic, length) == 0, getsockname(descriptor, generic, &length) == 0 else {
                        return nil
                    }
                    return Int(UInt16(bigEndian: pointer.pointee.sin_port))
                }
            }
            if let port, given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw NoneLeft()
    }
}
