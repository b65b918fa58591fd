import CPrefetch
import DequeModule
import Domain

/// The newest entries of one workspace, oldest first, within the bounds of `JournalLimits`.
///
/// They lie one behind the other in one piece of memory that is used round and round, so that a packed entry allocates
/// nothing, frees nothing and touches no memory but its own and that of the oldest, which is next to it. The piece grows as
/// long as nothing has to be forgotten. An entry that is not packed is kept beside it and has only its place there; together
/// they take at most twice what a workspace may keep, unless one entry alone is larger.
package struct JournalRing: Sendable {
    /// Stands before each entry's bytes.
    private struct Header {
        /// Of header and bytes, rounded up to `alignment`.
        let length: UInt32
        let byteCount: UInt32
        /// Nil for an entry that is kept in `unpacked`.
        let reader: (any PackedJournalEntry.Type)?
    }

    private static let alignment = 8
    private static let leastCapacity = 256

    private var memory = JournalMemory.none
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
    /// What of the memory is in use.
    private var used = 0

    package private(set) var count = 0

    package init() {}

    /// What the ring takes in memory, about.
    package var bytes: Int { memory.capacity + unpackedCost }

    package var entries: [any DeferredJournalEntry] { entries(0..<count) }

    /// The address where the next entry will begin, unless memory is taken for it.
    var nextPlace: UInt { UInt(bitPattern: memory.bytes + end) }

    /// Where what tells of the memory stands.
    var memoryAddress: UInt { UInt(bitPattern: Unmanaged.passUnretained(memory).toOpaque()) }

    /// Begins to bring the memory near that an entry of ordinary length takes, and the one that is forgotten for it.
    static func prefetch(from place: UInt, memoryAt address: UInt) {
        mockforge_prefetch(UnsafeRawPointer(bitPattern: address))
        mockforge_prefetch_lines(UnsafeRawPointer(bitPattern: place), 4)
    }

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
        memory.bytes.load(fromByteOffset: position, as: Header.self)
    }

    private func content(at position: Int) -> UnsafeMutableRawPointer {
        memory.bytes + position + MemoryLayout<Header>.stride
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
        let isTooLarge = memory.capacity + unpackedCost + cost > limits.bytesPerWorkspace
        if isTooLarge, used + length < memory.capacity / 2 {
            move(to: used + length)
        } else if !isKnownUniquelyReferenced(&memory) {
            move(to: memory.capacity)
        }
        while !hasRoom(length) {
            // A turn can waste almost a whole entry, for which no more memory is taken than what the entries may take.
            if count > 0, memory.capacity >= limits.bytesPerWorkspace {
                forgetOldest()
                forgotten += 1
            } else {
                move(to: capacity(for: length, limits))
            }
        }
        (memory.bytes + end).storeBytes(
            of: Header(length: UInt32(length), byteCount: UInt32(byteCount), reader: reader), as: Header.self)
        let place = end
        end += length
        used += length
        count += 1
        return (place, forgotten)
    }

    /// How much memory to take when an entry of this length has no room: half as much again, but when entries go on as they
    /// are, little more than all of them will need.
    private func capacity(for length: Int, _ limits: JournalLimits) -> Int {
        let needed = used + length
        let expected = needed / (count + 1) * limits.entriesPerWorkspace
        let growth = max(memory.capacity, min(expected, memory.capacity / 3 * 4)) / 8 * 9
        return min(max(limits.bytesPerWorkspace, length), max(growth, needed, Self.leastCapacity))
    }

    /// Whether so many bytes have room at `end`, which goes to the beginning when they have it there.
    private mutating func hasRoom(_ length: Int) -> Bool {
        if turn != nil { return length <= start - end }
        if length <= memory.capacity - end { return true }
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
        used -= Int(header.length)
        count -= 1
        if header.reader == nil, let oldest = unpacked.popFirst() { unpackedCost -= oldest.cost }
        if count == 0 { (start, end, turn) = (0, 0, nil) }
    }

    /// Moves the entries into memory of this many bytes, the oldest first.
    private mutating func move(to capacity: Int) {
        let moved = JournalMemory(capacity: capacity)
        let first = (turn ?? end) - start
        moved.bytes.copyMemory(from: memory.bytes + start, byteCount: first)
        if turn != nil { (moved.bytes + first).copyMemory(from: memory.bytes, byteCount: end) }
        end = first + (turn == nil ? 0 : end)
        (memory, start, turn) = (moved, 0, nil)
    }
}

/// The memory of a ring. Only whoever has the ring reads or writes it, hence `@unchecked Sendable`.
private final class JournalMemory: @unchecked Sendable {
    /// Of a ring that has had no entry yet.
    static let none = JournalMemory(capacity: 0)

    let bytes: UnsafeMutableRawPointer
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        bytes = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { bytes.deallocate() }
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
