import Domain

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The folder of a server's data. While this object lives, one process has it alone, unless every store is elsewhere.
final class DataFolder: Sendable {
    let path: String
    /// Whether nothing was in it: the first start.
    let wasEmpty: Bool
    /// Nil when nodes may share the folder.
    private let lockDescriptor: Int32?

    private static let lockName = "mockforge.lock"

    /// The folder that the settings name; locked when a store is in it.
    convenience init(_ settings: Settings) throws(ConfigurationError) {
        try self.init(settings.dataFolder, isShared: !settings.hasLocalStore)
    }

    /// Creates the folder where needed and locks it. The lock ends with the process, however it ends.
    ///
    /// - Parameter isShared: no lock, since nothing in the folder is a store.
    /// - Throws: `ConfigurationError` when it cannot be written or another process has it.
    init(_ path: String, isShared: Bool = false) throws(ConfigurationError) {
        self.path = path
        do { try Files.makeFolder(path) } catch {
            throw ConfigurationError(key: .dataFolder, "cannot be created: \(error)")
        }
        wasEmpty = Self.isEmpty(path)
        if isShared {
            lockDescriptor = nil
            return
        }
        let lock = "\(path)/\(Self.lockName)"
        let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationError(key: .dataFolder, "cannot be written: \(Files.Failure(lock, number: errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = (try? Files.readText(lock)) ?? nil
            close(descriptor)
            let process = owner.flatMap { Int($0.prefix { $0 != "\n" }) }.map { " (process \($0))" } ?? ""
            throw ConfigurationError(
                key: .dataFolder, "\(path) is in use by another mockforge\(process); stop it, or choose another folder")
        }
        ftruncate(descriptor, 0)
        let process = Array("\(getpid())\n".utf8)
        _ = process.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        lockDescriptor = descriptor
    }

    /// The folder as it is, for someone who only looks.
    init(lookingAt path: String) {
        self.path = path
        wasEmpty = false
        lockDescriptor = nil
    }

    deinit {
        if let lockDescriptor { close(lockDescriptor) }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    private static func isEmpty(_ path: String) -> Bool {
        guard let directory = opendir(path) else { return false }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", name != lockName { return false }
        }
        return true
    }
}
