import Domain
import JSON
import MockEngine
import Persistence

/// A plain request in the journal, kept as its bytes in one piece of memory and read out when somebody looks.
struct PlainJournalEntry: DeferredJournalEntry, @unchecked Sendable {
    struct Fields {
        var number: RequestNumber
        var receivedAt: Timestamp
        var durationMicroseconds: Int64
        var request: PlainRequest
        var status: Int
        var mockID: MockID?
        var routeID: RouteID?
        /// Nil for nearly all.
        var findings: Findings?
    }

    /// What the engine found out about a request besides its reply.
    final class Findings: Sendable {
        let nearMisses: JSON
        let violations: [Violation]

        private init(_ nearMisses: JSON, _ violations: [Violation]) {
            self.nearMisses = nearMisses
            self.violations = violations
        }

        /// Nil when it found nothing. No failable initialiser, which takes memory before it fails.
        static func of(_ reply: MockReply?) -> Findings? {
            guard let reply, !reply.violations.isEmpty || !reply.nearMisses.isNull else { return nil }
            return Findings(reply.nearMisses, reply.violations)
        }
    }

    private final class Storage: ManagedBuffer<Fields, UInt8> {}

    /// Written once, here in `init`, and only read by whoever has the entry: hence `@unchecked Sendable`.
    private let storage: ManagedBuffer<Fields, UInt8>
    let cost: Int

    var receivedAt: Timestamp { storage.header.receivedAt }

    init(_ fields: Fields, bytes: UnsafeRawBufferPointer) {
        let bytes = bytes.prefix(fields.request.length)
        storage = Storage.create(minimumCapacity: bytes.count) { _ in fields }
        storage.withUnsafeMutablePointerToElements { elements in
            UnsafeMutableRawBufferPointer(start: elements, count: bytes.count).copyBytes(from: bytes)
        }
        var cost = 128 + MemoryLayout<Fields>.size + bytes.count
        if fields.findings != nil { cost += 2048 }
        self.cost = cost
    }

    func read() -> JournalEntry {
        storage.withUnsafeMutablePointers { fields, elements in
            let fields = fields.pointee
            let request = fields.request
            let bytes = UnsafeRawBufferPointer(start: elements, count: request.length)
            func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
            var headers: [(name: String, value: String)] = []
            HeaderLines(bytes, request.headers).forEach { name, value in
                headers.append((name, JournalWriter.isSecret(name, value) ? JournalWriter.redacted : value))
            }
            let (body, isTruncated) = JournalWriter.body(Array(bytes[request.headLength...]))
            return JournalEntry(
                id: fields.number.id, receivedAt: fields.receivedAt, method: request.method.name,
                host: text(request.host), path: text(request.path), query: request.query.map(text),
                headers: headers, body: body, isBodyTruncated: isTruncated, status: fields.status,
                mockID: fields.mockID, routeID: fields.routeID, durationMicroseconds: fields.durationMicroseconds,
                nearMisses: fields.findings?.nearMisses ?? .null, violations: fields.findings?.violations ?? [])
        }
    }
}
