import DequeModule
import Domain

/// The newest entries of one workspace, oldest first, within the bounds of `JournalLimits`.
///
/// They lie one behind the other in one piece of memory that is used round and round, so that a packed entry allocates
/// nothing, frees nothing and touches no memory but its own and that of the oldest, which is next to it. The piece grows as
/// long as nothing has to be forgotten. An entry that is not packed is kept beside it and has only its place there; together
/// they take at most twice what a workspace may keep, unless one entry alone is larger.
///
/// It owns the memory, hence `@unchecked Sendable`.
package struct JournalRing: ~Copyable, @unchecked Sendable {
    /// Stands before each entry's bytes.
    private struct Header {
        /// Of header and bytes, rounded up to `alignment`.
        let length: UInt32
        let byteCount: UInt32
        /// Nil for an entry that is kept in `unpacked`.
        let reader: (any PackedJournalEntry.Type)?
    }

    private static let alignment = 8
    private static let memoryAlignment = 16
    private static let leastCapacity = 256

    private var memory = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: Self.memoryAlignment)
    private var capacity = 0
    /// Where the oldest entry begins.
    private var start = 0
    /// Behind the newest entry.
    private var end = 0
    /// Where those entries end that lie between `start` and the end of the memory, while the newer ones lie at its
    /// beginning; nil when they all lie between `start` and `end`.
    private var turn: Int?
    private var unpacked = Deque<any DeferredJournalEntry>()
    /// What they take beside the memory.
    private var unpackedCost = 0

    package private(set) var count = 0

    package init() {}

    deinit { memory.deallocate() }

    /// What the ring takes in memory, about.
    package var bytes: Int { capacity + unpackedCost }

    /// What of the memory is in use.
    private var used: Int { turn.map { $0 - start + end } ?? end - start }

    package var entries: [any DeferredJournalEntry] { entries(0..<count) }

    /// Where the next entry will begin, unless memory is taken for it, and where the one begins that it is kept in place of.
    var nextPlace: UnsafeRawPointer { UnsafeRawPointer(memory + end) }

    /// By their places among those that are kept.
    package func entries(_ places: Range<Int>) -> [any DeferredJournalEntry] {
        var result: [any DeferredJournalEntry] = []
        result.reserveCapacity(places.count)
        var (position, nextUnpacked) = (start, unpacked.startIndex)
        for place in 0..<places.upperBound {
            if position == turn { position = 0 }
            let header = header(at: position)
            if let reader = header.reader {
                if place >= places.lowerBound {
                    let bytes = UnsafeRawBufferPointer(start: content(at: position), count: Int(header.byteCount))
                    result.append(UnreadJournalEntry(bytes, reader))
                }
            } else {
                if place >= places.lowerBound { result.append(unpacked[nextUnpacked]) }
                nextUnpacked += 1
            }
            position += Int(header.length)
        }
        return result
    }

    /// Adds an entry, and forgets the oldest where there is no room for it.
    ///
    /// - Returns: bytes by which the ring has grown, below zero when it has shrunk, and how many entries were forgotten.
    package mutating func append(
        _ entry: any DeferredJournalEntry, _ limits: JournalLimits
    ) -> (growth: Int, forgotten: Int) {
        let before = bytes
        let cost = entry.cost
        let (_, forgotten) = add(byteCount: 0, cost: cost, reader: nil, limits)
        unpacked.append(entry)
        unpackedCost += cost
        return (bytes - before, forgotten)
    }

    /// The same for an entry that is kept as bytes.
    package mutating func append(
        packed entry: some PackedJournalEntry, _ limits: JournalLimits
    ) -> (growth: Int, forgotten: Int) {
        let before = bytes
        let byteCount = entry.packedLength
        let (place, forgotten) = add(byteCount: byteCount, cost: 0, reader: type(of: entry), limits)
        entry.pack(to: UnsafeMutableRawBufferPointer(start: content(at: place), count: byteCount))
        return (bytes - before, forgotten)
    }

    // MARK: Places

    private func header(at position: Int) -> Header {
        memory.load(fromByteOffset: position, as: Header.self)
    }

    private func content(at position: Int) -> UnsafeMutableRawPointer {
        memory + position + MemoryLayout<Header>.stride
    }

    /// Makes room and writes the header; gives the entry's place and how many entries were forgotten.
    private mutating func add(
        byteCount: Int, cost: Int, reader: (any PackedJournalEntry.Type)?, _ limits: JournalLimits
    ) -> (place: Int, forgotten: Int) {
        let length = (MemoryLayout<Header>.stride + byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
        var forgotten = 0
        while count > 0,
            count >= limits.entriesPerWorkspace
                || used + unpackedCost + length + cost > limits.bytesPerWorkspace
        {
            forgetOldest()
            forgotten += 1
        }
        let isTooLarge = capacity + unpackedCost + cost > limits.bytesPerWorkspace
        if isTooLarge, used + length < capacity / 2 { move(to: used + length) }
        while !hasRoom(length) {
            // A turn can waste almost a whole entry, for which no more memory is taken than what the entries may take.
            if count > 0, capacity >= limits.bytesPerWorkspace {
                forgetOldest()
                forgotten += 1
            } else {
                move(to: capacity(for: length, limits))
            }
        }
        (memory + end).storeBytes(
            of: Header(length: UInt32(length), byteCount: UInt32(byteCount), reader: reader), as: Header.self)
        let place = end
        end += length
        count += 1
        return (place, forgotten)
    }

    /// How much memory to take when an entry of this length has no room: half as much again, but when entries go on as they
    /// are, little more than all of them will need.
    private func capacity(for length: Int, _ limits: JournalLimits) -> Int {
        let needed = used + length
        let expected = needed / (count + 1) * limits.entriesPerWorkspace
        let growth = max(capacity, min(expected, capacity / 3 * 4)) / 8 * 9
        return min(max(limits.bytesPerWorkspace, length), max(growth, needed, Self.leastCapacity))
    }

    /// Whether so many bytes have room at `end`, which goes to the beginning when they have it there.
    private mutating func hasRoom(_ length: Int) -> Bool {
        if turn != nil { return length <= start - end }
        if length <= capacity - end { return true }
        guard count > 0, length <= start else { return false }
        turn = end
        end = 0
        return true
    }

    private mutating func forgetOldest() {
        if start == turn {
            start = 0
            turn = nil
        }
        let header = header(at: start)
        start += Int(header.length)
        count -= 1
        if header.reader == nil, let oldest = unpacked.popFirst() { unpackedCost -= oldest.cost }
        if count == 0 { (start, end, turn) = (0, 0, nil) }
    }

    /// Moves the entries into memory of this many bytes, the oldest first.
    private mutating func move(to capacity: Int) {
        let moved = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: Self.memoryAlignment)
        let first = (turn ?? end) - start
        moved.copyMemory(from: memory + start, byteCount: first)
        if turn != nil { (moved + first).copyMemory(from: memory, byteCount: end) }
        end = first + (turn == nil ? 0 : end)
        memory.deallocate()
        (memory, start, turn) = (moved, 0, nil)
        self.capacity = capacity
    }
}

/// A packed entry that was taken out of a ring.
private struct UnreadJournalEntry: DeferredJournalEntry {
    private let bytes: [UInt8]
    private let reader: any PackedJournalEntry.Type

    init(_ bytes: UnsafeRawBufferPointer, _ reader: any PackedJournalEntry.Type) {
        self.bytes = Array(bytes)
        self.reader = reader
    }

    var cost: Int { 64 + bytes.count }
    var receivedAt: Timestamp { read().receivedAt }

    func read() -> JournalEntry { bytes.withUnsafeBytes { reader.unpack($0) } }
}
