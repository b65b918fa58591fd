/// What an archive is made of: records of one letter, a length of four bytes (big-endian) and that many bytes.
///
/// `H` header; for each table `T`, its rows `R` and `t`; for each object `O`, its bytes `B` in pieces and `o`; `Z` end.
enum ArchiveRecord: UInt8 {
    case header = 0x48
    case table = 0x54
    case row = 0x52
    case tableEnd = 0x74
    case object = 0x4F
    case bytes = 0x42
    case objectEnd = 0x6F
    case end = 0x5A

    /// Larger than any row: bodies have at most 256 MiB, and JSON writes at most six bytes for one.
    static let longest = 1 << 31 - 1
}

/// Appends records to a spool.
struct RecordWriter {
    private let spool: Spool
    private var buffer: [UInt8] = []

    init(_ spool: Spool) { self.spool = spool }

    mutating func append(_ record: ArchiveRecord, _ payload: [UInt8]) throws(BackupError) {
        guard payload.count <= ArchiveRecord.longest else {
            throw .failed("a row of \(payload.count) bytes is too large for an archive")
        }
        buffer.append(record.rawValue)
        let length = UInt32(payload.count)
        for shift in [24, 16, 8, 0] as [UInt32] { buffer.append(UInt8(truncatingIfNeeded: length >> shift)) }
        buffer.append(contentsOf: payload)
        if buffer.count >= 256 * 1024 { try flush() }
    }

    /// Must be called at the end.
    mutating func flush() throws(BackupError) {
        try spool.append(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Reads records from a spool, one after the other.
struct RecordReader {
    private let spool: Spool
    private var buffer: [UInt8] = []
    private var bufferStart: Int
    private var used = 0

    /// - Parameter offset: where a record begins.
    init(_ spool: Spool, at offset: Int = 0) {
        self.spool = spool
        bufferStart = offset
    }

    /// Where the next record begins.
    var offset: Int { bufferStart + used }

    /// Nil at the end of the spool.
    mutating func next() throws(BackupError) -> (record: ArchiveRecord, payload: [UInt8])? {
        guard offset < spool.size else { return nil }
        let head = try take(5)
        guard let record = ArchiveRecord(rawValue: head[0]) else {
            throw .damaged("the archive has a record of an unknown kind")
        }
        let length = head.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        guard length <= ArchiveRecord.longest, length <= spool.size - offset else {
            throw .damaged("the archive ends in the middle of a record")
        }
        return (record, try take(length))
    }

    private mutating func take(_ count: Int) throws(BackupError) -> [UInt8] {
        if buffer.count - used < count {
            bufferStart += used
            used = 0
            buffer = try spool.read(at: bufferStart, max(count, 256 * 1024))
            guard buffer.count >= count else { throw .damaged("the archive ends in the middle of a record") }
        }
        defer { used += count }
        return Array(buffer[used..<used + count])
    }
}
