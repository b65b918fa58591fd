import Foundation
import JSON
import Synchronization
import TestSupport

/// A mail server of the test's own, which speaks TLS with a certificate that was made for it.
final class MailServer: Sendable {
    enum TLS: String { case none, starttls, implicit }

    struct Unavailable: Error {}

    let port: Int
    let authorityFile: String
    private let folder: TemporaryFolder
    private let process: RunningProcess
    private let lines: Mutex<LineReader>

    /// Whether Python and its mail server are there.
    static let isInstalled = (try? run("/usr/bin/python3", ["-c", "import aiosmtpd"])) == 0

    init(_ tls: TLS) throws {
        folder = TemporaryFolder()
        authorityFile = folder.path + "/certificate.pem"
        let key = folder.path + "/key.pem"
        let status = try Self.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                "-out", authorityFile,
            ])
        guard status == 0 else { throw Unavailable() }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Server/mail-server.py")
        let output = Pipe()
        process = try RunningProcess(
            "/usr/bin/python3", [script.path, tls.rawValue, authorityFile, key, "joe", "p@ss/word"], output: output)
        var reader = LineReader(output.fileHandleForReading)
        guard let line = reader.next(), let port = Int(line) else { throw Unavailable() }
        self.port = port
        lines = Mutex(reader)
    }

    /// The next message that it took; waits for it.
    func message() throws -> JSON {
        guard let line = lines.withLock({ $0.next() }) else { throw Unavailable() }
        return try JSON.parse(Array(line.utf8))
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> Int32 {
        let process = try RunningProcess(path, arguments, output: nil)
        return process.wait()
    }
}

/// Ends with its owner, and when this process ends: its standard input closes then.
private final class RunningProcess: Sendable {
    private let process: Process
    private let input = Pipe()

    init(_ path: String, _ arguments: [String], output: Pipe?) throws {
        process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
}

private struct LineReader {
    private let handle: FileHandle
    private var buffer: [UInt8] = []

    init(_ handle: FileHandle) { self.handle = handle }

    mutating func next() -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            let data = handle.availableData
            if data.isEmpty { return nil }
            buffer += data
        }
    }
}
