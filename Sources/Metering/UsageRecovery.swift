import Domain
import Logging
import Persistence

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes down what processes had counted that did not live to do it: reads the counter files in a folder whose owners are
/// gone, sends their windows to the ledgers and removes them.
///
/// A window that the dead process had taken goes out under its old number, so a ledger that has it adds nothing; what was
/// in none yet gets a number first, in the file, so that a second crash in the middle finds the same windows again.
struct UsageRecovery: Sendable {
    let folder: String
    let ledger: UsageMeter.Ledger
    let logger: Logger

    /// Takes every orphaned file in turn. A ledger that cannot be reached leaves its file for the next call.
    func adopt() async {
        for name in Self.fileNames(in: folder).sorted() {
            let path = "\(folder)/\(name)"
            do {
                guard let orphan = try OrphanedCounterFile(path: path) else { continue }
                try await replay(orphan)
                orphan.remove()
            } catch let damage as CounterFileHead.Unreadable {
                logger.warning(
                    "a usage counter file cannot be read and was set aside; what it counted is lost",
                    metadata: ["file": "\(path)", "reason": "\(damage)"])
                rename(path, path + ".unreadable")
            } catch {
                logger.warning(
                    "usage of an earlier run could not be written and will be tried again",
                    metadata: ["file": "\(path)", "error": "\(error)"])
            }
        }
    }

    private func replay(_ orphan: OrphanedCounterFile) async throws {
        if orphan.damagedSlots > 0 || orphan.isTruncated {
            logger.warning(
                "a usage counter file is damaged; what can be read of it is counted",
                metadata: [
                    "file": "\(orphan.path)", "damaged_slots": "\(orphan.damagedSlots)",
                    "truncated": "\(orphan.isTruncated)",
                ])
        }
        var requests = 0
        // In the order of their numbers: a ledger forgets a node's earlier windows when it takes a later one.
        for window in try orphan.windows() {
            do {
                try await ledger(
                    window.tenant, window.records, UsageWindow(node: orphan.node, sequence: window.sequence))
                requests += window.records.reduce(0) { $0 + $1.requests }
            } catch DatabaseError.noSuchSchema {
                // The tenant was purged; nobody can ask for these counts any more.
            }
            try orphan.release(window)
        }
        if requests > 0 {
            logger.notice(
                "usage that an earlier run had counted is in the ledger",
                metadata: ["file": "\(orphan.path)", "requests": "\(requests)"])
        }
    }

    private static func fileNames(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(CounterFile.suffix) { names.append(name) }
        }
        return names
    }
}
