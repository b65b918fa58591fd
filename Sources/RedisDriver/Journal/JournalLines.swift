import Domain
import Persistence
import Synchronization

/// Entries on their way to Redis. Each workspace has the room that its journal has, so that one with many requests pushes
/// out nothing but its own oldest, which Redis would forget as well.
final class JournalLines: Sendable {
    private let limits: JournalLimits
    private let maxBytes: Int
    private let lines = Mutex<[JournalKey: JournalLine]>([:])
    private let bytes = Atomic<Int>(0)

    init(_ limits: JournalLimits, maxBytes: Int) {
        self.limits = limits
        self.maxBytes = maxBytes
    }

    /// The line of a workspace: one object for as long as its tenant lives.
    func line(_ key: JournalKey) -> JournalLine {
        lines.withLock { lines in
            if let line = lines[key] { return line }
            let line = JournalLine(key, limits)
            lines[key] = line
            return line
        }
    }

    /// Adds an entry.
    ///
    /// - Returns: whether the line was empty before, and how many entries were dropped for want of room for all. Those that
    ///   newer ones of their workspace push out are not counted: they would be pushed out of Redis as well.
    func append(_ entry: any DeferredJournalEntry, to line: JournalLine) -> (wasEmpty: Bool, dropped: Int) {
        let (growth, wasEmpty) = line.append { $0.append(entry, $1).growth }
        return (wasEmpty, note(growth))
    }

    func append(packed entry: some PackedJournalEntry, to line: JournalLine) -> (wasEmpty: Bool, dropped: Int) {
        let (growth, wasEmpty) = line.append { $0.append(packed: entry, $1).growth }
        return (wasEmpty, note(growth))
    }

    /// All of a line, which is empty then.
    func take(_ line: JournalLine) -> TakenEntries {
        let ring = takeRing(line)
        return TakenEntries(line: line, entries: ring.entries, bytes: ring.bytes)
    }

    /// Empties a line, and gives the number of entries that it had.
    func drop(_ line: JournalLine) -> Int { takeRing(line).count }

    private func takeRing(_ line: JournalLine) -> JournalRing {
        let ring = line.take()
        bytes.subtract(ring.bytes, ordering: .relaxed)
        return ring
    }

    /// Puts what could not be sent before what has come since.
    ///
    /// - Returns: whether nothing had come since, and how many entries were dropped.
    func putBack(_ entries: [any DeferredJournalEntry], to line: JournalLine) -> (wasEmpty: Bool, dropped: Int) {
        let (growth, wasEmpty, dropped) = line.putBack(entries)
        return (wasEmpty, dropped + note(growth))
    }

    /// Forgets the tenant's lines; what is still appended to them is lost.
    func remove(_ tenant: TenantID) {
        let gone = lines.withLock { lines in
            let gone = lines.filter { $0.key.tenant == tenant }
            for key in gone.keys { lines[key] = nil }
            return gone.values
        }
        for line in gone { bytes.subtract(line.close(), ordering: .relaxed) }
    }

    /// Gives the number of entries that were dropped to make room.
    private func note(_ growth: Int) -> Int {
        let total = bytes.add(growth, ordering: .relaxed).newValue
        return total > maxBytes ? dropLargest() : 0
    }

    /// Whoever holds most pays for the want of room.
    private func dropLargest() -> Int {
        let all = lines.withLock { Array($0.values) }
        guard let largest = all.max(by: { $0.bytes < $1.bytes }) else { return 0 }
        return drop(largest)
    }
}

/// What a line had.
struct TakenEntries: Sendable {
    let line: JournalLine
    let entries: [any DeferredJournalEntry]
    /// What they took in memory.
    let bytes: Int
}

/// The entries of one workspace.
final class JournalLine: Sendable {
    let key: JournalKey
    private let limits: JournalLimits
    private let state = Mutex(State())

    private struct State: ~Copyable {
        var ring = JournalRing()
        /// Whether the line takes nothing any more.
        var isClosed = false

        mutating func takeRing() -> JournalRing {
            var taken = JournalRing()
            swap(&taken, &ring)
            return taken
        }
    }

    init(_ key: JournalKey, _ limits: JournalLimits) {
        self.key = key
        self.limits = limits
    }

    var bytes: Int { state.withLock { $0.ring.bytes } }

    /// - Parameter append: gives by how many bytes the ring grew.
    fileprivate func append(_ append: (inout JournalRing, JournalLimits) -> Int) -> (growth: Int, wasEmpty: Bool) {
        state.withLock { state in
            if state.isClosed { return (0, false) }
            let wasEmpty = state.ring.count == 0
            return (append(&state.ring, limits), wasEmpty)
        }
    }

    fileprivate func take() -> JournalRing { state.withLock { $0.takeRing() } }

    fileprivate func putBack(
        _ entries: [any DeferredJournalEntry]
    ) -> (growth: Int, wasEmpty: Bool, dropped: Int) {
        state.withLock { state in
            if state.isClosed { return (0, false, entries.count) }
            let newer = state.takeRing()
            var dropped = 0
            for entry in entries + newer.entries { dropped += state.ring.append(entry, limits).forgotten }
            return (state.ring.bytes - newer.bytes, newer.count == 0, dropped)
        }
    }

    /// Gives the bytes that it held.
    fileprivate func close() -> Int {
        state.withLock { state in
            state.isClosed = true
            return state.takeRing().bytes
        }
    }
}
