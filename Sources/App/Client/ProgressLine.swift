import Backup
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One line on a terminal that says how far a long work has come; nothing where standard error is no terminal.
final class ProgressLine: Sendable {
    private let verb: String
    private let isShown = isatty(2) == 1
    private let width = Mutex(0)

    init(_ verb: String) { self.verb = verb }

    func show(_ progress: BackupProgress) {
        guard isShown else { return }
        let filled = 24 * progress.position / max(progress.count, 1)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
        write("\(verb) [\(bar)] \(progress.position)/\(progress.count) \(progress.part)")
    }

    /// Clears the line.
    func end() { if isShown { write("") } }

    private func write(_ text: String) {
        width.withLock { width in
            let padding = String(repeating: " ", count: max(0, width - text.count))
            let line = Array("\r\(text)\(padding)\(text.isEmpty ? "\r" : "")".utf8)
            _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            width = text.count
        }
    }
}
