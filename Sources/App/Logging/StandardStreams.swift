import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process's standard error, written a line at a time.
enum StandardError {
    private static let lock = Mutex(())

    static func write(line: String) { lock.withLock { _ in writeAll(line, to: 2) } }
}

/// The process's standard output, unbuffered, so that a script reading a pipe sees each line at once.
enum StandardOutput {
    private static let lock = Mutex(())

    static func write(line: String) { lock.withLock { _ in writeAll(line, to: 1) } }
}

private func writeAll(_ line: String, to descriptor: Int32) {
    var rest = (Array(line.utf8) + [UInt8(ascii: "\n")])[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count <= 0 { return }
        rest = rest.dropFirst(count)
    }
}
