import Foundation
import Synchronization

/// A program under test, with what it wrote so far.
final class ChildProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process: Mutex<Process>
    private let identifier: Int32
    private let outputs = Mutex<[Int: Data]>([:])
    private let exit = Mutex<Int32?>(nil)

    init(_ program: String, _ arguments: [String], in folder: String, environment: [String: String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        // Not this process's own: a developer's MOCKFORGE_TOKEN must not decide a test.
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let pipes = [Pipe(), Pipe()]
        process.standardOutput = pipes[0]
        process.standardError = pipes[1]
        self.process = Mutex(process)
        var started: Int32 = 0
        try self.process.withLock { process in
            try process.run()
            started = process.processIdentifier
        }
        identifier = started
        for (index, pipe) in pipes.enumerated() {
            let descriptor = pipe.fileHandleForReading.fileDescriptor
            let handle = pipe.fileHandleForReading
            Thread.detachNewThread { [weak self] in
                var chunk = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = read(descriptor, &chunk, chunk.count)
                    if count <= 0 { break }
                    self?.outputs.withLock { $0[index, default: Data()].append(contentsOf: chunk[..<count]) }
                }
                try? handle.close()
            }
        }
    }

    private func text(_ index: Int) -> String {
        outputs.withLock { String(decoding: $0[index] ?? Data(), as: UTF8.self) }
    }

    /// Complete lines of standard output.
    var lines: [String] { text(0).split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    var errorText: String { text(1) }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    func terminate() { _ = Foundation.kill(identifier, SIGTERM) }

    func kill() { if isRunning { _ = Foundation.kill(identifier, SIGKILL) } }

    func exitCode(upTo limit: Duration) async throws -> Int32 {
        let end = ContinuousClock.now + limit
        while isRunning {
            if ContinuousClock.now > end { throw Failure(description: "it does not end\n\(errorText)") }
            try await Task.sleep(for: .milliseconds(10))
        }
        // The readers may be a moment behind the end of the process.
        try await Task.sleep(for: .milliseconds(50))
        return process.withLock { $0.terminationStatus }
    }

    /// Asks again and again, since another process gives no signal when it is ready.
    func wait(upTo limit: Duration, for what: String, _ condition: () async -> Bool) async throws {
        let end = ContinuousClock.now + limit
        while !(await condition()) {
            if !isRunning { throw Failure(description: "it ended before \(what)\n\(errorText)") }
            if ContinuousClock.now > end { throw Failure(description: "no \(what) in \(limit)\n\(errorText)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
