import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory in which files appear whole or not at all.
struct Folder: Sendable {
    let path: String

    init(_ path: String) { self.path = path }

    func child(_ name: String) -> Folder { Folder(path + "/" + name) }

    /// Creates it with its parents, readable by the owner alone. Does nothing when it is there.
    func create() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Makes the names in it durable.
    func sync() throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FolderError("cannot open the folder", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FolderError("cannot flush the folder", path) }
    }

    /// Names in it, sorted; empty when there is no such folder.
    func names() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// The size of a regular file in bytes, or nil when there is none of this name.
    func size(of name: String) -> Int? {
        var status = stat()
        guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// What a path leads to, without following a symbolic link at its end.
    enum Kind { case nothing, folder, other }

    var kind: Kind {
        var status = stat()
        guard lstat(path, &status) == 0 else { return .nothing }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
    }

    /// A regular file's content, or nil when there is none of this name; a symbolic link is refused.
    func read(_ name: String) throws -> [UInt8]? {
        let target = path + "/" + name
        let descriptor = open(target, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FolderError("cannot open", target)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FolderError("is no file:", target)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                systemRead(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FolderError("cannot read", target) }
            if count == 0 { break }
            offset += count
        }
        bytes.removeLast(bytes.count - offset)
        return bytes
    }

    /// Removes a file. Does nothing when there is none.
    func remove(_ name: String) throws {
        guard unlink(path + "/" + name) == 0 || errno == ENOENT else {
            throw FolderError("cannot remove the file", path + "/" + name)
        }
    }

    /// Replaces a file in one step: a crash leaves the old content or the new, and after the return the new.
    func write(_ bytes: [UInt8], name: String) throws {
        let target = path + "/" + name
        var template = Array((path + "/.new-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw FolderError("cannot create a file in", path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        do {
            defer { close(descriptor) }
            var offset = 0
            while offset < bytes.count {
                let written = bytes.withUnsafeBytes {
                    systemWrite(descriptor, $0.baseAddress! + offset, bytes.count - offset)
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw FolderError("cannot write", target) }
                offset += written
            }
            guard fsync(descriptor) == 0 else { throw FolderError("cannot flush", target) }
        } catch {
            unlink(template)
            throw error
        }
        guard rename(template, target) == 0 else {
            let failure = FolderError("cannot replace", target)
            unlink(template)
            throw failure
        }
        try sync()
    }
}

// Within the type `read` and `write` are its own methods.
private let systemRead = read
private let systemWrite = write

/// A file operation that the system refused.
struct FolderError: Error, Sendable, CustomStringConvertible {
    let description: String

    /// Takes the reason from `errno`.
    init(_ what: String, _ path: String) {
        description = "\(what) \(path): \(String(cString: strerror(errno)))"
    }
}
