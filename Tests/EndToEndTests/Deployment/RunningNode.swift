import Foundation
import TestSupport

/// One `mockforge serve` process.
final class RunningNode: Sendable {
    let port: Int
    let managementPort: Int
    let process: ChildProcess

    init(
        folder: ScratchFolder, dataFolder: String, arguments: [String], environment: [String: String],
        port: Int? = nil, managementPort: Int? = nil
    ) throws {
        self.port = try port ?? FreePorts.next()
        self.managementPort = try managementPort ?? FreePorts.next()
        process = try ChildProcess(
            Programs.mockforge,
            [
                "serve", "--port", "\(self.port)", "--management-port", "\(self.managementPort)", "--data-dir",
                dataFolder,
            ] + arguments,
            in: folder.path, environment: environment)
    }

    deinit { process.kill() }

    var url: String { "http://127.0.0.1:\(port)" }

    func ready() async throws {
        let management = HTTP(port: managementPort)
        try await process.wait(upTo: .seconds(60), for: "readiness") {
            (try? await management.get("/health/ready").status) == 200
        }
    }
}
