import Domain
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that is being written under a passing name; it goes away unless it gets its own.
final class NewFile: Sendable {
    /// How passing names begin.
    static let prefix = ".new-"

    private let folder: Folder
    private let descriptor: Int32
    private let passingName: String
    private let isFinished = Atomic(false)

    init(in folder: Folder) throws {
        var template = Array("\(folder.path)/\(Self.prefix)XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw FolderError("cannot create a file in", folder.path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        passingName = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        self.folder = folder
    }

    deinit {
        close(descriptor)
        if !isFinished.load(ordering: .relaxed) { unlink(passingName) }
    }

    func append(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, bytes.count - offset) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw FolderError("cannot write", passingName) }
            offset += written
        }
    }

    /// Takes the place of `name` in one step: a crash leaves the old content or the new, and after the return the new.
    func finish(as name: String) throws {
        let target = folder.path + "/" + name
        guard fsync(descriptor) == 0 else { throw FolderError("cannot flush", target) }
        guard rename(passingName, target) == 0 else { throw FolderError("cannot replace", target) }
        isFinished.store(true, ordering: .relaxed)
        try folder.sync()
    }
}
