import Domain
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whole files, read without Foundation.
enum Files {
    /// A system call that failed: what was tried and the system's own words.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        let number: Int32

        init(_ path: String, number: Int32) {
            self.number = number
            description = "\(path): \(String(cString: strerror(number)))"
        }
    }

    /// The file's bytes; nil when there is no such file.
    ///
    /// - Throws: `Failure`, also for a file of more than `limit` bytes.
    static func read(_ path: String, limit: Int = 256 * 1024 * 1024) throws(Failure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(path, number: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { throw Failure(path, number: errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { throw Failure(path, number: EFBIG) }
        }
    }

    static func readText(_ path: String) throws(Failure) -> String? {
        try read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes a file that only its owner can read, whole or not at all.
    static func writePrivate(_ text: String, to path: String) throws(Failure) {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(temporary, number: errno) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let number = errno
                close(descriptor)
                throw Failure(temporary, number: number)
            }
            rest = rest.dropFirst(count)
        }
        fsync(descriptor)
        close(descriptor)
        if rename(temporary, path) != 0 { throw Failure(path, number: errno) }
    }

    /// Makes a folder and those above it, for the owner alone. Does nothing for one that is there.
    static func makeFolder(_ path: String) throws(Failure) {
        if mkdir(path, 0o700) == 0 { return }
        if errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.dropLast().lastIndex(of: "/"), slash > path.startIndex else {
            throw Failure(path, number: errno)
        }
        try makeFolder(String(path[..<slash]))
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Failure(path, number: errno) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether this process may read, write and enter a folder.
    static func isWritable(_ path: String) -> Bool { access(path, R_OK | W_OK | X_OK) == 0 }

    /// Whether anybody but the owner may read or write the file.
    static func isOpenToOthers(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.posixPermissions] as? Int).map { $0 & 0o077 != 0 } ?? false
    }

    /// What an ordinary user can still store on the file system of `path`; nil when there is no such path.
    static func freeMegabytes(at path: String) -> UInt64? {
        var space = statvfs()
        guard statvfs(path, &space) == 0 else { return nil }
        return (UInt64(space.f_bavail) * UInt64(space.f_frsize)) >> 20
    }
}

/// The environment of this process.
enum ProcessEnvironment {
    static func read() -> [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }
}
