import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file without a name in which one archive lies open while it is made or restored: only this process can read it, and it
/// is gone when the process is.
final class Spool: Sendable {
    private let descriptor: Int32
    private let length = Mutex(0)

    /// - Parameter folder: where there is room for the largest tenant; created when it is not there.
    init(in folder: String) throws(BackupError) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw .failed("cannot create the folder \(folder) for temporary files: \(String(cString: strerror(errno)))")
        }
        var template = Array("\(folder)/.spool-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw .failed("cannot create a temporary file in \(folder): \(String(cString: strerror(errno)))")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
    }

    deinit { close(descriptor) }

    /// In bytes.
    var size: Int { length.withLock { $0 } }

    func append(_ bytes: [UInt8]) throws(BackupError) {
        let isWritten = length.withLock { length in
            var offset = 0
            while offset < bytes.count {
                let written = bytes.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress! + offset, bytes.count - offset, off_t(length + offset))
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return false }
                offset += written
            }
            length += offset
            return true
        }
        if !isWritten { throw .failed("cannot write a temporary file: \(String(cString: strerror(errno)))") }
    }

    /// Forgets what was appended after `size` was this.
    func truncate(to size: Int) throws(BackupError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw .failed("cannot shorten a temporary file: \(String(cString: strerror(errno)))")
        }
        length.withLock { $0 = size }
    }

    /// At most `limit` bytes from `offset`; fewer only at the end.
    func read(at offset: Int, _ limit: Int) throws(BackupError) -> [UInt8] {
        var isRead = true
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let found = pread(descriptor, buffer.baseAddress! + count, limit - count, off_t(offset + count))
                if found < 0, errno == EINTR { continue }
                if found < 0 { isRead = false }
                if found <= 0 { break }
                count += found
            }
        }
        guard isRead else { throw .failed("cannot read a temporary file: \(String(cString: strerror(errno)))") }
        return bytes
    }
}
