import CPrefetch
import Domain
import Metering
import MockEngine
import NIOCore

/// What the data plane keeps of a workspace's routes beside what the engine has compiled. Of one of 100,000 routes a
/// request finds nothing in the cache, so what it needs of its route stands in one piece, and no piece is counted for.
///
/// Written when it is made and not again, but for the shortcuts, which the lock of the tenant's counts guards: hence
/// `@unchecked Sendable`.
final class ServedRoutes: @unchecked Sendable {
    /// A cache line: pieces begin at multiples of it.
    private static let unit = 64

    private let memory: UnsafeMutableRawPointer
    /// What the pieces take in memory.
    let byteCount: Int
    /// Where each route's piece begins, in units.
    private let starts: [UInt32]

    /// - Parameter replies: for each route what every request gets, but for its date and id; nil where replies differ.
    init(_ replies: some Sequence<MockReply?>) {
        var starts: [UInt32] = []
        var drafts: [ServedRoute.Draft] = []
        var units = 0
        for reply in replies {
            let draft = ServedRoute.Draft(reply)
            starts.append(UInt32(units))
            drafts.append(draft)
            units += (draft.size + Self.unit - 1) / Self.unit
        }
        byteCount = max(units, 1) * Self.unit
        memory = .allocate(byteCount: byteCount, alignment: Self.unit)
        for (start, draft) in zip(starts, drafts) { draft.write(to: memory + Int(start) * Self.unit) }
        self.starts = starts
    }

    deinit {
        for route in starts.indices { self[route].deinitialize() }
        memory.deallocate()
    }

    /// Not to be used longer than the routes that it is of.
    subscript(route: Int) -> ServedRoute { ServedRoute(memory + Int(starts[route]) * Self.unit) }
}

/// One route of `ServedRoutes`.
struct ServedRoute {
    /// A cache line. The head of the reply follows, up to the fields that every reply gets, and then its body.
    private struct Fields {
        var shortcut = UsageShortcut()
        /// Nil for a route whose replies differ.
        var ids: (mock: MockID, route: RouteID)?
        var hasDate = false
        var status: UInt16 = 0
        var headLength: UInt16 = 0
        /// `shared` when an array of bytes follows in place of the bytes.
        var bodyLength: UInt16 = 0
    }

    /// A longer body is not copied but shared with the compiled route.
    private static let maxCopied = 4096
    private static let shared = UInt16.max

    private let start: UnsafeMutableRawPointer

    fileprivate init(_ start: UnsafeMutableRawPointer) { self.start = start }

    private var fields: UnsafeMutablePointer<Fields> { start.assumingMemoryBound(to: Fields.self) }
    private var head: UnsafeMutableRawPointer { start + MemoryLayout<Fields>.stride }

    /// Whether every request gets the same reply.
    var isPrepared: Bool { fields.pointee.ids != nil }
    var status: Int { Int(fields.pointee.status) }
    var mockID: MockID? { fields.pointee.ids?.mock }
    var routeID: RouteID? { fields.pointee.ids?.route }
    var shortcut: UnsafeMutablePointer<UsageShortcut> { start.assumingMemoryBound(to: UsageShortcut.self) }

    /// Has the memory brought near that answering will need: with a reply of ordinary length all of it.
    func prefetch() {
        for line in 0..<6 { mockforge_prefetch(start + line * 64) }
    }

    /// Writes the reply that every request gets, and gives the number of body bytes.
    func write(withBody: Bool, _ dates: DateBytes, _ number: RequestNumber, to out: inout ByteBuffer) -> Int {
        let fields = fields.pointee
        let headLength = Int(fields.headLength)
        let isShared = fields.bodyLength == Self.shared
        let bodyLength = withBody && !isShared ? Int(fields.bodyLength) : 0
        // In one piece, since each write to a buffer makes sure anew that the memory is there and nobody else's.
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: headLength + ReplyEnd.maxLength + bodyLength) { target in
            guard let start = target.baseAddress else { return 0 }
            start.copyMemory(from: head, byteCount: headLength)
            let end = ReplyEnd.write(dates, hasDate: fields.hasDate, number, to: start + headLength)
            end.copyMemory(from: head + headLength, byteCount: bodyLength)
            return end + bodyLength - start
        }
        return withBody && isShared ? out.writeBytes(sharedBody.pointee) : bodyLength
    }

    private var sharedBody: UnsafeMutablePointer<[UInt8]> {
        (head + Int(fields.pointee.headLength)).alignedUp(for: [UInt8].self).assumingMemoryBound(to: [UInt8].self)
    }

    fileprivate func deinitialize() {
        if fields.pointee.bodyLength == Self.shared { sharedBody.deinitialize(count: 1) }
    }

    /// A route's piece before it has its place.
    fileprivate struct Draft {
        private var fields = Fields()
        private var bytes = ByteBuffer()
        private var sharedBody: [UInt8]?

        /// - Parameter reply: what every request gets; nil where replies differ.
        init(_ reply: MockReply?) {
            guard let reply, let mock = reply.mockID, let route = reply.routeID else { return }
            let hasDate = bytes.writeReplyHead(status: reply.status, reply.headers, length: reply.body.count)
            guard let headLength = UInt16(exactly: bytes.readableBytes), let status = UInt16(exactly: reply.status)
            else {
                bytes.clear()
                return
            }
            fields.ids = (mock, route)
            fields.hasDate = hasDate
            fields.status = status
            fields.headLength = headLength
            guard ReplyBody.isSent(status: reply.status) else { return }
            if reply.body.count <= ServedRoute.maxCopied {
                fields.bodyLength = UInt16(bytes.writeBytes(reply.body))
            } else {
                fields.bodyLength = ServedRoute.shared
                sharedBody = reply.body
            }
        }

        /// With room to align the shared body.
        var size: Int {
            MemoryLayout<Fields>.stride + bytes.readableBytes + (sharedBody == nil ? 0 : 2 * MemoryLayout<[UInt8]>.size)
        }

        func write(to start: UnsafeMutableRawPointer) {
            start.initializeMemory(as: Fields.self, to: fields)
            let piece = ServedRoute(start)
            bytes.withUnsafeReadableBytes {
                UnsafeMutableRawBufferPointer(start: piece.head, count: $0.count).copyMemory(from: $0)
            }
            if let sharedBody { piece.sharedBody.initialize(to: sharedBody) }
        }
    }
}
