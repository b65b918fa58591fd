import Backup

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One line on a terminal that says how far a long work has come, such as `moving [########--------]  412/1000
/// tenant_x7k2m9`; nothing where standard error is no terminal, since a log file is no place for a moving line.
struct ProgressLine: Sendable {
    private static let width = 24
    private static let eraseLine = "\r\u{1B}[K"

    let verb: String
    let isShown = isatty(2) == 1

    init(_ verb: String) { self.verb = verb }

    /// - Parameter name: what was done last, or is worked on.
    func show(_ position: Int, of count: Int, _ name: String) {
        guard isShown else { return }
        let filled = Self.width * min(position, count) / max(count, 1)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.width - filled)
        let padding = String(repeating: " ", count: max(0, String(count).count - String(position).count))
        Self.write("\(Self.eraseLine)\(verb) [\(bar)] \(padding)\(position)/\(count) \(name)")
    }

    func show(_ progress: BackupProgress) { show(progress.position, of: progress.count, progress.part) }

    /// Clears the line.
    func end() { if isShown { Self.write(Self.eraseLine) } }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
