import Domain
import Synchronization

/// The newest requests of one workspace.
final class WorkspaceJournal: JournalAppender {
    private struct State: ~Copyable {
        var ring = JournalRing()
        /// How many entries were forgotten ever: the number of the oldest that is kept.
        var firstNumber = 0
        /// When the newest entry came.
        var lastUse = Timestamp(microseconds: 0)
        var isClosed = false
        var streams: [Int: AsyncStream<JournalEntry>.Continuation] = [:]
        var nextStream = 0

        /// Returns the bytes it freed.
        mutating func dropAll() -> Int {
            firstNumber += ring.count
            let bytes = ring.bytes
            ring = JournalRing()
            return bytes
        }
    }

    /// The addresses of `nextPlace` and `oldestPlace`, known without the lock.
    private let nextAddress = Atomic<UInt>(0)
    private let oldestAddress = Atomic<UInt>(0)
    private let table: JournalTable
    private let state = Mutex(State())
    private var limits: JournalLimits { table.limits }

    init(in table: JournalTable) { self.table = table }

    var lastUse: Timestamp { state.withLock { $0.lastUse } }

    func append(_ entry: any DeferredJournalEntry) {
        add(at: entry.receivedAt, { $0.append(entry, $1) }, read: { entry.read() })
    }

    func append(packed entry: some PackedJournalEntry) {
        add(at: entry.receivedAt, { $0.append(packed: entry, $1) }, read: { entry.read() })
    }

    var nextPlace: UnsafeRawPointer? { UnsafeRawPointer(bitPattern: nextAddress.load(ordering: .relaxed)) }
    var oldestPlace: UnsafeRawPointer? { UnsafeRawPointer(bitPattern: oldestAddress.load(ordering: .relaxed)) }

    @inline(__always)
    private func add(
        at moment: Timestamp, _ append: (inout JournalRing, JournalLimits) -> (growth: Int, forgotten: Int),
        read: () -> JournalEntry
    ) {
        let limits = limits
        let (growth, streams) = state.withLock { state -> (Int, [AsyncStream<JournalEntry>.Continuation]) in
            if state.isClosed { return (0, []) }
            let (growth, forgotten) = append(&state.ring, limits)
            state.firstNumber += forgotten
            state.lastUse = moment
            nextAddress.store(UInt(bitPattern: state.ring.nextPlace), ordering: .relaxed)
            oldestAddress.store(UInt(bitPattern: state.ring.oldestPlace), ordering: .relaxed)
            return (growth, state.streams.isEmpty ? [] : Array(state.streams.values))
        }
        if !streams.isEmpty {
            let entry = read()
            for stream in streams { stream.yield(entry) }
        }
        if growth != 0 { table.resize(by: growth, self) }
    }

    /// At most `count` entries older than the one with the number `before`, newest first, and the number of the oldest of
    /// them. Readers go piece by piece, so that they never hold up the data plane for long.
    func piece(before: Int?, count: Int) -> (entries: [JournalEntry], oldest: Int) {
        let (entries, oldest) = state.withLock { state -> ([any DeferredJournalEntry], Int) in
            let end = min(before ?? .max, state.firstNumber + state.ring.count)
            let start = max(state.firstNumber, end - count)
            guard start < end else { return ([], state.firstNumber) }
            return (state.ring.entries((start - state.firstNumber)..<(end - state.firstNumber)).reversed(), start)
        }
        return (entries.map { $0.read() }, oldest)
    }

    func clear() { table.resize(by: -state.withLock { $0.dropAll() }, self) }

    /// Forgets everything, takes nothing more and ends its streams.
    func close() {
        let (freed, streams) = state.withLock { state in
            state.isClosed = true
            defer { state.streams = [:] }
            return (state.dropAll(), Array(state.streams.values))
        }
        for stream in streams { stream.finish() }
        table.resize(by: -freed, self)
    }

    /// One that has ended already when there are too many.
    func stream() -> AsyncStream<JournalEntry> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: JournalEntry.self, bufferingPolicy: .bufferingNewest(limits.streamBuffer))
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.streams.count < limits.streamsPerWorkspace else { return nil }
            state.nextStream += 1
            state.streams[state.nextStream] = continuation
            return state.nextStream
        }
        if let number {
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { $0.streams[number] = nil }
            }
        } else {
            continuation.finish()
        }
        return stream
    }
}
