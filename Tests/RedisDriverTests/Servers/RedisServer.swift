import Foundation
import RedisDriver
import TestSupport

/// A Redis server of a test's own, which the test may stop, start again and break.
final class RedisServer {
    static let isInstalled = programPath("redis-server") != nil

    let port: Int
    let folder: TemporaryFolder
    private let arguments: [String]
    private var process: Process?

    /// Starts it. `arguments` come after those every server gets; nil for `port` takes a free one.
    init(port: Int? = nil, _ arguments: [String] = [], ready: Bool = true) async throws {
        self.port = try port ?? FreePorts.next()
        folder = TemporaryFolder()
        self.arguments = arguments
        try await start()
    }

    deinit { stop() }

    var url: String { "redis://127.0.0.1:\(port)/0" }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: programPath("redis-server")!)
        process.arguments =
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path, "--logfile", "log"]
            + arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        let log = folder.path + "/log"
        try await eventually("the server is ready") {
            (try? String(contentsOfFile: log, encoding: .utf8))?.contains("Ready to accept connections") ?? false
        }
    }

    /// As a power cut would.
    func stop() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
        try? FileManager.default.removeItem(atPath: folder.path + "/log")
    }

    /// Keeps it from answering without closing anything.
    func freeze() { if let process { kill(process.processIdentifier, SIGSTOP) } }
    func thaw() { if let process { kill(process.processIdentifier, SIGCONT) } }
}

/// Runs a program to its end.
func run(_ program: String, _ arguments: [String], in folder: String? = nil) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: programPath(program)!)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ProgramFailure(program: program) }
}

struct ProgramFailure: Error { let program: String }

func programPath(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// Looks until something holds, for at most a minute: for what a process of its own does in its own time.
func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !holds() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

struct NeverHappened: Error { let what: String }
