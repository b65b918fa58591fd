import FoundationEssentials
import NIOCore

/// How many event loops there are.
enum EventLoops {
    /// One for each core that this process may use. The framework counts the machine's cores; where the process is held
    /// to fewer (by `taskset`, say), loops that share a core only take it from each other.
    ///
    /// Call it before anything uses an event loop.
    static func fitToCores() {
        guard let status = try? Data(contentsOf: URL(filePath: "/proc/self/status")),
            let cores = usableCores(String(decoding: status, as: UTF8.self))
        else { return }
        NIOSingletons.groupLoopCountSuggestion = min(cores, NIOCore.System.coreCount)
    }

    /// Reads the line `Cpus_allowed` of a process's status: a mask in hexadecimal digits, with commas between words.
    static func usableCores(_ status: String) -> Int? {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }) else {
            return nil
        }
        let bits = line.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).map(\.nonzeroBitCount)
        let count = bits.reduce(0, +)
        return count > 0 ? count : nil
    }
}
