import DequeModule
import Domain

/// The newest entries of one workspace, oldest first, within the bounds of `JournalLimits`.
///
/// They lie one behind the other in pieces of memory, so that a packed entry touches no memory but its own and the header of
/// the oldest. Pieces are taken as entries come and given back as they are forgotten; no entry is ever moved. An entry that is not
/// packed is kept beside them and has only its place there. All of it takes at most what a workspace may keep, unless one
/// entry alone is larger.
///
/// It owns the memory, hence `@unchecked Sendable`.
package struct JournalRing: ~Copyable, @unchecked Sendable {
    /// Stands before each entry's bytes.
    private struct Header: BitwiseCopyable {
        /// Of header and bytes, rounded up to `alignment`.
        let length: UInt32
        /// Of the bytes; nothing else has as many as `isElsewhere`, which stands for an entry in `unpacked`.
        let byteCount: UInt32

        static let isElsewhere = UInt32.max
    }

    private struct Piece {
        let memory: UnsafeMutableRawPointer
        let capacity: Int
        /// Where the next entry begins.
        var end: UnsafeMutableRawPointer
        /// Of all packed entries in it; nil while there are none.
        var reader: (any PackedJournalEntry.Type)?

        init(capacity: Int) {
            memory = .allocate(byteCount: capacity, alignment: 16)
            self.capacity = capacity
            end = memory
        }

        var room: Int { capacity - (end - memory) }
    }

    private static let alignment = 8
    /// Bytes of a piece, which grow with what is kept.
    private static let pieceSizes = 256...16_384

    /// The oldest entry, if there is one.
    private var front: UnsafeMutableRawPointer
    /// Where the entries end of the piece that the oldest is in; nil while that is the newest.
    private var frontEnd: UnsafeMutableRawPointer?
    private var newest = Piece(capacity: 0)
    /// Older pieces, the oldest first.
    private var closed = Deque<Piece>()
    private var pieceBytes = 0
    private var unpacked = Deque<any DeferredJournalEntry>()
    /// What they take beside the memory.
    private var unpackedCost = 0

    package private(set) var count = 0

    package init() { front = newest.memory }

    deinit {
        for piece in closed { piece.memory.deallocate() }
        newest.memory.deallocate()
    }

    /// What the ring takes in memory, about.
    package var bytes: Int { pieceBytes + unpackedCost }

    package var entries: [any DeferredJournalEntry] { entries(0..<count) }

    /// Where the next entry will begin, unless memory is taken for it.
    var nextPlace: UnsafeRawPointer { UnsafeRawPointer(newest.end) }

    /// Where the entry begins that is forgotten next.
    var oldestPlace: UnsafeRawPointer { UnsafeRawPointer(front) }

    /// By their places among those that are kept.
    package func entries(_ places: Range<Int>) -> [any DeferredJournalEntry] {
        var result: [any DeferredJournalEntry] = []
        result.reserveCapacity(places.count)
        var nextUnpacked = unpacked.startIndex
        var place = 0
        for index in 0...closed.count {
            let piece = index < closed.count ? closed[index] : newest
            var position = index == 0 ? front : piece.memory
            while position < piece.end, place < places.upperBound {
                let header = Self.header(at: position)
                let isAsked = place >= places.lowerBound
                if header.byteCount == Header.isElsewhere {
                    if isAsked { result.append(unpacked[nextUnpacked]) }
                    nextUnpacked += 1
                } else if isAsked, let reader = piece.reader {
                    result.append(UnreadJournalEntry(Self.content(at: position, header), reader))
                }
                position += Int(header.length)
                place += 1
            }
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
        let (_, forgotten) = add(byteCount: nil, cost: cost, reader: newest.reader, limits)
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
        let (content, forgotten) = add(byteCount: byteCount, cost: 0, reader: type(of: entry), limits)
        entry.pack(to: UnsafeMutableRawBufferPointer(start: content, count: byteCount))
        return (bytes - before, forgotten)
    }

    // MARK: Places

    private static func header(at position: UnsafeMutableRawPointer) -> Header { position.load(as: Header.self) }

    private static func content(at position: UnsafeMutableRawPointer, _ header: Header) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: position + MemoryLayout<Header>.stride, count: Int(header.byteCount))
    }

    /// Makes room and writes the header; gives where the entry's bytes go and how many entries were forgotten.
    private mutating func add(
        byteCount: Int?, cost: Int, reader: (any PackedJournalEntry.Type)?, _ limits: JournalLimits
    ) -> (content: UnsafeMutableRawPointer, forgotten: Int) {
        let length =
            (MemoryLayout<Header>.stride + (byteCount ?? 0) + Self.alignment - 1) / Self.alignment * Self.alignment
        var forgotten = 0
        while count > 0, count >= limits.entriesPerWorkspace || !hasRoom(length, cost, reader, limits) {
            forgetOldest()
            forgotten += 1
        }
        if !newestTakes(length, reader) { addPiece(of: pieceSize(for: length)) }
        newest.reader = reader
        let place = newest.end
        place.storeBytes(
            of: Header(length: UInt32(length), byteCount: byteCount.map { UInt32($0) } ?? Header.isElsewhere),
            as: Header.self)
        newest.end = place + length
        count += 1
        return (place + MemoryLayout<Header>.stride, forgotten)
    }

    /// Whether an entry can be added without anything being forgotten.
    private func hasRoom(
        _ length: Int, _ cost: Int, _ reader: (any PackedJournalEntry.Type)?, _ limits: JournalLimits
    ) -> Bool {
        let growth = newestTakes(length, reader) ? 0 : pieceSize(for: length)
        return bytes + growth + cost <= limits.bytesPerWorkspace
    }

    private func newestTakes(_ length: Int, _ reader: (any PackedJournalEntry.Type)?) -> Bool {
        length <= newest.room && (newest.reader == nil || newest.reader == reader)
    }

    /// A third of what there is, within bounds, and no more than entries of this length will fill.
    private func pieceSize(for length: Int) -> Int {
        let size = min(max(pieceBytes / 3, Self.pieceSizes.lowerBound), Self.pieceSizes.upperBound)
        return max(length, size / length * length)
    }

    private mutating func addPiece(of capacity: Int) {
        if count == 0 {
            newest.memory.deallocate()
            pieceBytes = 0
        } else {
            if frontEnd == nil { frontEnd = newest.end }
            closed.append(newest)
        }
        newest = Piece(capacity: capacity)
        pieceBytes += capacity
        if count == 0 { front = newest.memory }
    }

    private mutating func forgetOldest() {
        let header = Self.header(at: front)
        front += Int(header.length)
        count -= 1
        if header.byteCount == Header.isElsewhere, let oldest = unpacked.popFirst() { unpackedCost -= oldest.cost }
        if front == frontEnd {
            dropOldestPiece()
        } else if count == 0 {
            addPiece(of: 0)
        }
    }

    /// Goes on with the next, which is not empty.
    private mutating func dropOldestPiece() {
        guard let oldest = closed.popFirst() else { return }
        oldest.memory.deallocate()
        pieceBytes -= oldest.capacity
        front = closed.first?.memory ?? newest.memory
        frontEnd = closed.first?.end
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
