import Domain
import JSON
import MockEngine
import Persistence

/// A plain request on its way into the journal, which keeps its bytes and reads them out when somebody looks.
struct PlainJournalEntry: PackedJournalEntry {
    /// Of a kind that may be copied as bytes; in an order that leaves few of them unused, since journals keep many.
    struct Fields: BitwiseCopyable {
        private let number: RequestNumber
        let receivedAt: Timestamp
        private let mockID: MockID?
        private let status: UInt16
        private let durationMicroseconds: UInt32
        private let routeID: RouteID?
        private let request: PlainRequest

        init(_ answered: Answered, _ request: PlainRequest, _ number: RequestNumber) {
            self.number = number
            receivedAt = answered.receivedAt
            mockID = answered.mockID
            status = UInt16(clamping: answered.status)
            durationMicroseconds = UInt32(clamping: answered.durationMicroseconds)
            routeID = answered.routeID
            self.request = request
        }
    }

    let fields: Fields
    /// The request's.
    let bytes: UnsafeRawBufferPointer

    var receivedAt: Timestamp { fields.receivedAt }

    var packedLength: Int { MemoryLayout<Fields>.stride + bytes.count }

    func pack(to target: UnsafeMutableRawBufferPointer) {
        target.storeBytes(of: fields, as: Fields.self)
        UnsafeMutableRawBufferPointer(rebasing: target[MemoryLayout<Fields>.stride...]).copyMemory(from: bytes)
    }

    static func unpack(_ packed: UnsafeRawBufferPointer) -> JournalEntry {
        let bytes = UnsafeRawBufferPointer(rebasing: packed[MemoryLayout<Fields>.stride...])
        return packed.load(as: Fields.self).entry(bytes)
    }
}

extension PlainJournalEntry.Fields {
    /// - Parameter bytes: the request's.
    func entry(_ bytes: UnsafeRawBufferPointer) -> JournalEntry {
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var headers: [(name: String, value: String)] = []
        HeaderLines(bytes, request.headers).forEach { name, value in
            headers.append((name, JournalWriter.isSecret(name, value) ? JournalWriter.redacted : value))
        }
        let (body, isTruncated) = JournalWriter.body(Array(bytes[request.headLength...]))
        return JournalEntry(
            id: number.id, receivedAt: receivedAt, method: request.method.name, host: text(request.host),
            path: text(request.path), query: request.query.map(text), headers: headers, body: body,
            isBodyTruncated: isTruncated, status: Int(status), mockID: mockID, routeID: routeID,
            durationMicroseconds: Int64(durationMicroseconds))
    }
}
