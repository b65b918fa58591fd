import Domain
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
    func size(of name: String) -> Int? { status(of: name)?.size }

    /// The size of a regular file in bytes and when it was written, or nil when there is none of this name.
    func status(of name: String) -> (size: Int, modifiedAt: Timestamp)? {
        var status = stat()
        guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Glibc)
            let modified = status.st_mtim
        #else
            let modified = status.st_mtimespec
        #endif
        let microseconds = Int64(modified.tv_sec) * 1_000_000 + Int64(modified.tv_nsec) / 1000
        return (Int(status.st_size), Timestamp(microseconds: microseconds))
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
        guard let file = try OpenFile(name, in: self) else { return nil }
        return try file.next(file.size)
    }

    /// Removes a file. Does nothing when there is none.
    func remove(_ name: String) throws {
        guard unlink(path + "/" + name) == 0 || errno == ENOENT else {
            throw FolderError("cannot remove the file", path + "/" + name)
        }
    }

    /// Replaces a file in one step: a crash leaves the old content or the new, and after the return the new.
    func write(_ bytes: [UInt8], name: String) throws {
        let file = try NewFile(in: self)
        try file.append(bytes)
        try file.finish(as: name)
    }
}

/// A file operation that the system refused.
struct FolderError: Error, Sendable, CustomStringConvertible {
    let description: String

    /// Takes the reason from `errno`.
    init(_ what: String, _ path: String) {
        description = "\(what) \(path): \(String(cString: strerror(errno)))"
    }
}
