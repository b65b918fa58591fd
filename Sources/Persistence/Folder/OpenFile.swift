#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A regular file that is being read from its start to its end; replacing it meanwhile changes nothing here.
final class OpenFile: Sendable {
    private let path: String
    private let descriptor: Int32
    /// In bytes, when it was opened.
    let size: Int

    /// Nil when there is none of this name; a symbolic link is refused.
    init?(_ name: String, in folder: Folder) throws {
        path = folder.path + "/" + name
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FolderError("cannot open", path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FolderError("is no file:", path)
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The next bytes, at most `limit` of them; fewer, or none, only at the end.
    func next(_ limit: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let found = read(descriptor, buffer.baseAddress! + count, limit - count)
                if found < 0, errno == EINTR { continue }
                guard found >= 0 else { throw FolderError("cannot read", path) }
                if found == 0 { break }
                count += found
            }
        }
    }
}
