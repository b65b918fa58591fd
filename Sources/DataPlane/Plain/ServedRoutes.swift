import CPrefetch
import Domain
import Metering
import MockEngine
import NIOCore

/// What the data plane keeps of a workspace's routes beside what the engine has compiled. Of one of 100,000 routes a
/// request finds nothing in the cache, so of each there is half a cache line, found by the route's place, and then its reply
/// in one piece; all of them are in one allocation, and nobody counts references to a part of it.
///
/// Written when it is made and not again, but for the shortcuts, which the lock of the tenant's counts guards: hence
/// `@unchecked Sendable`.
struct ServedRoutes: ~Copyable, @unchecked Sendable {
    /// A cache line: replies begin at multiples of it.
    fileprivate static let line = 64

    private let memory: UnsafeMutableRawPointer
    private let count: Int
    /// What they take in memory.
    let byteCount: Int

    /// - Parameter replies: for each route what every request gets, but for its date and id; nil where replies differ.
    init(_ replies: some Sequence<MockReply?>) {
        let drafts = replies.map { PreparedReply.Draft($0) }
        var places: [Int] = []
        var end = (drafts.count * ServedRoute.size + Self.line - 1) / Self.line * Self.line
        for draft in drafts {
            places.append(end)
            end += ((draft?.size ?? 0) + Self.line - 1) / Self.line * Self.line
        }
        count = drafts.count
        byteCount = max(end, Self.line)
        memory = .allocate(byteCount: byteCount, alignment: Self.line)
        for (index, (draft, place)) in zip(drafts, places).enumerated() {
            let reply = draft.map { $0.write(to: memory + place) }
            (memory + index * ServedRoute.size).initializeMemory(
                as: ServedRoute.Fields.self, to: ServedRoute.Fields(reply: reply))
        }
    }

    deinit {
        for place in 0..<count { self[place].reply?.deinitialize() }
        memory.deallocate()
    }

    /// Not to be used longer than the routes that it is of.
    subscript(place: Int) -> ServedRoute { ServedRoute(memory + place * ServedRoute.size) }

    func bringNear(_ place: Int) { mockforge_prefetch(memory + place * ServedRoute.size) }
}

/// One route of `ServedRoutes`.
struct ServedRoute {
    /// Half a cache line.
    fileprivate struct Fields {
        var shortcut = UsageShortcut()
        let reply: PreparedReply?
    }

    fileprivate static let size = MemoryLayout<Fields>.stride

    private let fields: UnsafeMutablePointer<Fields>

    fileprivate init(_ start: UnsafeMutableRawPointer) { fields = start.assumingMemoryBound(to: Fields.self) }

    /// What every request gets; nil for a route whose replies differ.
    var reply: PreparedReply? { fields.pointee.reply }
    var shortcut: UnsafeMutablePointer<UsageShortcut> {
        UnsafeMutableRawPointer(fields).assumingMemoryBound(to: UsageShortcut.self)
    }

    /// Has the memory brought near that answering will need: where the route is counted, and a reply of ordinary length.
    func prefetch() {
        fields.pointee.reply?.prefetch()
        fields.pointee.shortcut.prefetch()
    }
}

/// The reply that every request to a route gets, in bytes.
struct PreparedReply {
    /// The head of the reply follows, up to the fields that every reply gets, and then its body.
    private struct Fields {
        let mockID: MockID
        let routeID: RouteID
        var status: UInt16 = 0
        var headLength: UInt16 = 0
        /// `shared` when an array of bytes follows in place of the bytes.
        var bodyLength: UInt16 = 0
        var hasDate = false
    }

    /// A longer body is not copied but shared with the compiled route.
    private static let maxCopied = 4096
    private static let shared = UInt16.max

    private let start: UnsafeMutableRawPointer

    private var fields: Fields { start.assumingMemoryBound(to: Fields.self).pointee }
    private var head: UnsafeMutableRawPointer { start + MemoryLayout<Fields>.stride }

    var status: Int { Int(fields.status) }
    var mockID: MockID { fields.mockID }
    var routeID: RouteID { fields.routeID }

    fileprivate func prefetch() {
        for line in 0..<6 { mockforge_prefetch(start + line * ServedRoutes.line) }
    }

    /// Writes the reply, and gives the number of body bytes.
    func write(withBody: Bool, _ dates: DateBytes, _ number: RequestNumber, to out: inout ByteBuffer) -> Int {
        let fields = fields
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
        (head + Int(fields.headLength)).alignedUp(for: [UInt8].self).assumingMemoryBound(to: [UInt8].self)
    }

    fileprivate func deinitialize() {
        if fields.bodyLength == Self.shared { sharedBody.deinitialize(count: 1) }
    }

    /// A reply before it has its place.
    fileprivate struct Draft {
        private var fields: Fields
        private var bytes = ByteBuffer()
        private var sharedBody: [UInt8]?

        /// - Parameter reply: what every request gets; nil where replies differ.
        init?(_ reply: MockReply?) {
            guard let reply, let mock = reply.mockID, let route = reply.routeID else { return nil }
            fields = Fields(mockID: mock, routeID: route)
            fields.hasDate = bytes.writeReplyHead(status: reply.status, reply.headers, length: reply.body.count)
            guard let headLength = UInt16(exactly: bytes.readableBytes), let status = UInt16(exactly: reply.status)
            else { return nil }
            fields.status = status
            fields.headLength = headLength
            guard ReplyBody.isSent(status: reply.status) else { return }
            if reply.body.count <= PreparedReply.maxCopied {
                fields.bodyLength = UInt16(bytes.writeBytes(reply.body))
            } else {
                fields.bodyLength = PreparedReply.shared
                sharedBody = reply.body
            }
        }

        /// With room to align the shared body.
        var size: Int {
            MemoryLayout<Fields>.stride + bytes.readableBytes + (sharedBody == nil ? 0 : 2 * MemoryLayout<[UInt8]>.size)
        }

        func write(to start: UnsafeMutableRawPointer) -> PreparedReply {
            start.initializeMemory(as: Fields.self, to: fields)
            let reply = PreparedReply(start: start)
            bytes.withUnsafeReadableBytes {
                UnsafeMutableRawBufferPointer(start: reply.head, count: $0.count).copyMemory(from: $0)
            }
            if let sharedBody { reply.sharedBody.initialize(to: sharedBody) }
            return reply
        }
    }
}
