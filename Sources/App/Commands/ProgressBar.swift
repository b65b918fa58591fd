#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A line of a terminal that shows how far something is: `[########------------]  412/1000 tenant_x7k2m9`.
struct ProgressBar: Sendable {
    private static let width = 30

    /// Nil when standard error is no terminal: a log file is no place for a moving line.
    static func onTerminal() -> ProgressBar? { isatty(2) == 1 ? ProgressBar() : nil }

    /// - Parameter name: what was done last.
    static func text(_ done: Int, of count: Int, _ name: String) -> String {
        let filled = count == 0 ? width : width * min(done, count) / count
        let digits = String(count).count
        let number = String(repeating: " ", count: max(0, digits - String(done).count)) + String(done)
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
            + "] \(number)/\(count) \(name)"
    }

    private static let eraseLine = "\r\u{1B}[K"

    func show(_ done: Int, of count: Int, _ name: String) {
        Self.put(Self.eraseLine + Self.text(done, of: count, name))
    }

    func clear() { Self.put(Self.eraseLine) }

    private static func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
