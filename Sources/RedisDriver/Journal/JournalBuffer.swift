import Domain
import NIOCore
import Persistence

/// Whose journal.
struct JournalKey: Sendable, Hashable {
    let tenant: TenantID
    let workspace: WorkspaceID

    /// Takes the workspace only, since no two tenants have the same and every request of the data plane asks for it.
    func hash(into hasher: inout Hasher) { hasher.combine(workspace) }
}

/// Entries on their way to Redis. Each workspace has the room that its journal has, so that one with many requests pushes
/// out nothing but its own oldest, which Redis would forget as well.
struct JournalBuffer {
    struct Line {
        var entries = CircularBuffer<any DeferredJournalEntry>()
        var bytes = 0
    }

    private let limits: JournalLimits
    private let maxBytes: Int
    private(set) var lines: [JournalKey: Line] = [:]
    private var bytes = 0

    init(_ limits: JournalLimits, maxBytes: Int) {
        self.limits = limits
        self.maxBytes = maxBytes
    }

    /// Gives the number of entries that were dropped for want of room for all; those that newer ones of their workspace push
    /// out would be pushed out of Redis as well.
    mutating func append(_ entry: any DeferredJournalEntry, _ key: JournalKey) -> Int {
        bytes += entry.cost
        bytes -= lines[key, default: Line()].add(entry, limits)
        return bytes > maxBytes ? dropLargest() : 0
    }

    mutating func takeAll() -> [JournalKey: Line] {
        defer {
            lines = [:]
            bytes = 0
        }
        return lines
    }

    mutating func remove(_ key: JournalKey) {
        if let line = lines.removeValue(forKey: key) { bytes -= line.bytes }
    }

    mutating func remove(_ tenant: TenantID) {
        for key in lines.keys where key.tenant == tenant { remove(key) }
    }

    /// Puts what could not be sent before what has come since. Gives the number of entries that were dropped.
    mutating func putBack(_ entries: [any DeferredJournalEntry], _ key: JournalKey) -> Int {
        let newer = lines[key]?.entries ?? CircularBuffer()
        let before = count + entries.count
        remove(key)
        for entry in entries + Array(newer) { _ = append(entry, key) }
        return before - count
    }

    private var count: Int { lines.values.reduce(0) { $0 + $1.entries.count } }

    /// Whoever holds most pays for the want of room.
    private mutating func dropLargest() -> Int {
        guard let largest = lines.max(by: { $0.value.bytes < $1.value.bytes }) else { return 0 }
        remove(largest.key)
        return largest.value.entries.count
    }
}

extension JournalBuffer.Line {
    /// Gives the bytes of the entries that were pushed out.
    fileprivate mutating func add(
        _ entry: any DeferredJournalEntry, _ limits: JournalLimits
    ) -> Int {
        var removed = 0
        entries.append(entry)
        bytes += entry.cost
        while entries.count > limits.entriesPerWorkspace || (bytes > limits.bytesPerWorkspace && entries.count > 1) {
            let cost = entries.removeFirst().cost
            bytes -= cost
            removed += cost
        }
        return removed
    }
}
