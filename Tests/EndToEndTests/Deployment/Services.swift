import Foundation
import Synchronization

/// Where the real services of a cluster are. Those that `make test` started are shared by all tests; a test that stops one
/// starts some of its own.
final class Services: Sendable {
    /// `MOCKFORGE_TEST_POSTGRES_URL` and so on.
    let addresses: [String: String]
    /// Of services that were started for one test.
    private let folder: ScratchFolder?

    private static let script = Programs.repository + "/scripts/services"
    static let names = ["POSTGRES", "REDIS", "S3", "SMTP"]

    /// Nil where they were not started.
    static let shared: Services? = {
        let addresses = Deployment.environment.filter { $0.key.hasPrefix("MOCKFORGE_TEST_") }
        guard names.allSatisfy({ addresses["MOCKFORGE_TEST_\($0)_URL"] != nil }) else { return nil }
        return Services(addresses)
    }()

    private init(_ addresses: [String: String]) {
        self.addresses = addresses
        folder = nil
    }

    /// Starts PostgreSQL, Redis, an S3 server and a mail sink that nobody else uses.
    init() async throws {
        let folder = try ScratchFolder()
        // PostgreSQL runs as another user, who must reach the folder.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        self.folder = folder
        try await Self.run(["up", folder.path, "postgres", "redis", "s3", "smtp"])
        var addresses: [String: String] = [:]
        for line in try String(contentsOfFile: folder.path + "/env", encoding: .utf8).split(separator: "\n") {
            // export NAME='VALUE'
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { addresses[String(parts[0])] = parts[1].trimmingCharacters(in: ["'"]) }
        }
        self.addresses = addresses
    }

    deinit {
        guard let folder else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.script)
        process.arguments = ["down", folder.path]
        try? process.run()
        process.waitUntilExit()
    }

    func url(_ name: String) -> String { addresses["MOCKFORGE_TEST_\(name)_URL"] ?? "" }

    /// Ends one of the services: `postgres`, `redis`, `s3`.
    func stop(_ name: String) async throws { try await control("stop", name) }

    /// Starts it again at the same address with the same data.
    func start(_ name: String) async throws { try await control("start", name) }

    /// Leaves the S3 server no room for another object.
    func fill(_ name: String) async throws { try await control("fill", name) }

    /// Gives it room again.
    func empty(_ name: String) async throws { try await control("empty", name) }

    /// What the mail sink has taken.
    func mails() throws -> [String] {
        guard let folder else { throw ChildProcess.Failure(description: "these services belong to all tests") }
        let box = folder.path + "/smtp/new"
        return try FileManager.default.contentsOfDirectory(atPath: box).map {
            try String(contentsOfFile: "\(box)/\($0)", encoding: .utf8)
        }
    }

    private func control(_ verb: String, _ name: String) async throws {
        guard let folder else { throw ChildProcess.Failure(description: "these services belong to all tests") }
        try await Self.run([verb, folder.path, name])
    }

    private static func run(_ arguments: [String]) async throws {
        var environment: [String: String] = [:]
        environment["MOCKFORGE_TEST_VENV"] = Deployment.environment["MOCKFORGE_TEST_VENV"]
        // Servers that the script leaves behind must not hold our pipes open.
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("services-\(UUID().uuidString).log")
            .path
        defer { try? FileManager.default.removeItem(atPath: log) }
        // Nor the socket by whose end Foundation's Process sees that its child has ended, even when the child itself has.
        let command = """
            (for file in /proc/$BASHPID/fd/*; do
                descriptor=${file##*/}; [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
            done
            exec \(([script] + arguments).map { "'\($0)'" }.joined(separator: " "))) >'\(log)' 2>&1
            exit $?
            """
        let process = try ChildProcess("/bin/bash", ["-c", command], in: "/tmp", environment: environment)
        guard try await process.exitCode(upTo: .seconds(120)) == 0 else {
            throw ChildProcess.Failure(description: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
        }
    }
}
