import Crypto
import JSON
import Persistence

/// A whole archive that lies open in a spool and was read once from end to end: every count and hash is right.
package struct OpenArchive: Sendable {
    let spool: Spool
    package let summary: ArchiveSummary
    /// In the order in which the rows stand.
    let tables: [Table]
    let objects: [Object]

    struct Table: Sendable {
        let head: ArchiveTableHead
        let end: ArchiveTableEnd
        /// Where the first row's record begins.
        let offset: Int
    }

    struct Object: Sendable {
        let key: String
        let size: Int
        /// SHA-256, hexadecimal.
        let hash: String
        /// Where the first piece's record begins.
        let offset: Int
    }

    /// - Throws: `BackupError.damaged` with the first thing that is wrong.
    init(_ spool: Spool, part: ArchivePart) throws(BackupError) {
        var reader = RecordReader(spool)
        guard let (kind, payload) = try reader.next(), kind == .header, let json = try? JSON.parse(payload),
            var summary = ArchiveSummary(json), summary.part == part
        else { throw .damaged("the archive does not begin with what it holds") }
        var tables: [Table] = []
        var objects: [Object] = []
        (summary.rows, summary.objects, summary.objectBytes) = (0, 0, 0)
        var isEnded = false
        while let (kind, payload) = try reader.next() {
            guard !isEnded else { throw .damaged("something follows the end of the archive") }
            switch kind {
            case .table:
                let head = try ArchiveTableHead(payload)
                let offset = reader.offset
                let end = try Self.count(head, &reader)
                tables.append(Table(head: head, end: end, offset: offset))
                summary.rows += end.rows
            case .object:
                guard let key = (try? JSON.parse(payload))?["key"]?.string else {
                    throw .damaged("the archive has an object without a key")
                }
                let offset = reader.offset
                let (size, hash) = try Self.hash(key, &reader)
                objects.append(Object(key: key, size: size, hash: hash, offset: offset))
                summary.objects += 1
                summary.objectBytes += size
            case .end:
                guard let json = try? JSON.parse(payload), json["rows"]?.integer == summary.rows,
                    json["objects"]?.integer == summary.objects, json["object_bytes"]?.integer == summary.objectBytes
                else { throw .damaged("the archive holds other counts than its end says") }
                summary.missingObjects = json["missing_objects"]?.array?.compactMap(\.string) ?? []
                isEnded = true
            default: throw .damaged("the archive has a record in the wrong place")
            }
        }
        guard isEnded else { throw .damaged("the archive is cut off") }
        self.spool = spool
        self.summary = summary
        self.tables = tables
        self.objects = objects
    }

    private static func count(
        _ head: ArchiveTableHead, _ reader: inout RecordReader
    ) throws(BackupError) -> ArchiveTableEnd {
        var fingerprint = TableFingerprint()
        while let (kind, payload) = try reader.next() {
            switch kind {
            case .row:
                _ = try RowCoding.values(payload, count: head.table.columns.count)
                fingerprint.add(payload)
            case .tableEnd:
                let end = try ArchiveTableEnd(payload)
                guard end == ArchiveTableEnd(fingerprint) else {
                    throw .damaged("the rows of \(head.table.name) are not those that were written")
                }
                return end
            default: throw .damaged("the archive has a record in the wrong place")
            }
        }
        throw .damaged("the archive is cut off")
    }

    private static func hash(_ key: String, _ reader: inout RecordReader) throws(BackupError) -> (Int, String) {
        var hasher = SHA256()
        var size = 0
        while let (kind, payload) = try reader.next() {
            switch kind {
            case .bytes:
                payload.withUnsafeBytes { hasher.update(bufferPointer: $0) }
                size += payload.count
            case .objectEnd:
                let hash = Hexadecimal.text(hasher.finalize())
                guard let json = try? JSON.parse(payload), json["size"]?.integer == size,
                    json["sha256"]?.string == hash
                else { throw .damaged("the object \(key) is not the one that was written") }
                return (size, hash)
            default: throw .damaged("the archive has a record in the wrong place")
            }
        }
        throw .damaged("the archive is cut off")
    }

    /// Calls `body` with each row of a table.
    func forEachRow(of table: Table, _ body: ([SQLValue]) throws -> Void) throws {
        var reader = RecordReader(spool, at: table.offset)
        while let (kind, payload) = try reader.next(), kind == .row {
            try body(try RowCoding.values(payload, count: table.head.table.columns.count))
        }
    }

    /// An object's bytes.
    func stream(_ object: Object) -> ObjectStream {
        ObjectStream(beginning: {
            var reader = RecordReader(spool, at: object.offset)
            return {
                guard let (kind, payload) = try reader.next(), kind == .bytes else { return nil }
                return payload
            }
        })
    }
}
