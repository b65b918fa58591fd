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
    /// What the replies begin with.
    private let heads: [ReplyHeads.Head]
    /// What they take in memory, heads that others share included.
    let byteCount: Int

    /// - Parameter replies: for each route what every request gets, but for its date and id; nil where replies differ.
    init(_ replies: some Sequence<MockReply?>, _ shared: ReplyHeads) {
        let drafts = replies.map { PreparedReply.Draft($0) }
        var heads: [[UInt8]: ReplyHeads.Head] = [:]
        for case .some(let draft) in drafts where heads[draft.head] == nil {
            heads[draft.head] = shared.head(draft.head)
        }
        self.heads = Array(heads.values)
        var end = Self.wholeLines(drafts.count * ServedRoute.size)
        var places: [Int] = []
        for draft in drafts {
            places.append(end)
            end += Self.wholeLines(draft?.size ?? 0)
        }
        count = drafts.count
        byteCount = heads.keys.reduce(end) { $0 + $1.count }
        memory = .allocate(byteCount: max(end, Self.line), alignment: Self.line)
        for (index, (draft, place)) in zip(drafts, places).enumerated() {
            let reply = draft.flatMap { draft in heads[draft.head].map { draft.write(to: memory + place, $0) } }
            (memory + index * ServedRoute.size).initializeMemory(
                as: ServedRoute.Fields.self, to: ServedRoute.Fields(reply: reply))
        }
    }

    private static func wholeLines(_ byteCount: Int) -> Int { (byteCount + line - 1) / line * line }

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
    /// The body follows.
    private struct Fields {
        let mockID: MockID
        let routeID: RouteID
        /// Up to the fields that every reply gets.
        let head: UnsafeRawPointer
        let headLength: UInt16
        let status: UInt16
        /// `shared` when an array of bytes follows in place of the bytes.
        let bodyLength: UInt16
        let hasDate: Bool
    }

    /// A longer body is not copied but shared with the compiled route.
    private static let maxCopied = 4096
    private static let shared = UInt16.max

    private let start: UnsafeMutableRawPointer

    private var fields: Fields { start.assumingMemoryBound(to: Fields.self).pointee }
    private var body: UnsafeMutableRawPointer { start + MemoryLayout<Fields>.stride }
    private var sharedBody: UnsafeMutablePointer<[UInt8]> { body.assumingMemoryBound(to: [UInt8].self) }

    var status: Int { Int(fields.status) }
    var mockID: MockID { fields.mockID }
    var routeID: RouteID { fields.routeID }

    /// All of a reply whose body has some two hundred bytes.
    fileprivate func prefetch() { mockforge_prefetch_lines(start, 4) }

    /// Writes the reply, and gives the number of body bytes.
    func write(withBody: Bool, _ dates: DateBytes, _ number: RequestNumber, to out: inout ByteBuffer) -> Int {
        let fields = fields
        let headLength = Int(fields.headLength)
        let isShared = fields.bodyLength == Self.shared
        let bodyLength = withBody && !isShared ? Int(fields.bodyLength) : 0
        // In one piece, since each write to a buffer makes sure anew that the memory is there and nobody else's.
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: headLength + ReplyEnd.maxLength + bodyLength) { target in
            guard let start = target.baseAddress else { return 0 }
            start.copyMemory(from: fields.head, byteCount: headLength)
            let end = ReplyEnd.write(dates, hasDate: fields.hasDate, number, to: start + headLength)
            end.copyMemory(from: body, byteCount: bodyLength)
            return end + bodyLength - start
        }
        return withBody && isShared ? out.writeBytes(sharedBody.pointee) : bodyLength
    }

    fileprivate func deinitialize() {
        if fields.bodyLength == Self.shared { sharedBody.deinitialize(count: 1) }
    }

    /// A reply before it has its place.
    fileprivate struct Draft {
        let head: [UInt8]
        private let ids: (mock: MockID, route: RouteID)
        private let status: UInt16
        private let hasDate: Bool
        private let body: [UInt8]

        /// - Parameter reply: what every request gets; nil where replies differ.
        init?(_ reply: MockReply?) {
            guard let reply, let mock = reply.mockID, let route = reply.routeID else { return nil }
            var bytes = ByteBuffer()
            hasDate = bytes.writeReplyHead(status: reply.status, reply.headers, length: reply.body.count)
            guard bytes.readableBytes <= UInt16.max, let status = UInt16(exactly: reply.status) else { return nil }
            head = Array(bytes.readableBytesView)
            body = ReplyBody.isSent(status: reply.status) ? reply.body : []
            ids = (mock, route)
            self.status = status
        }

        private var isShared: Bool { body.count > PreparedReply.maxCopied }

        var size: Int {
            MemoryLayout<Fields>.stride + (isShared ? MemoryLayout<[UInt8]>.size : body.count)
        }

        /// - Parameter head: of the reply; to be kept for as long as it is used.
        func write(to start: UnsafeMutableRawPointer, _ head: ReplyHeads.Head) -> PreparedReply {
            start.initializeMemory(
                as: Fields.self,
                to: Fields(
                    mockID: ids.mock, routeID: ids.route, head: head.start, headLength: UInt16(head.count),
                    status: status,
                    bodyLength: isShared ? PreparedReply.shared : UInt16(body.count), hasDate: hasDate))
            let reply = PreparedReply(start: start)
            if isShared {
                reply.sharedBody.initialize(to: body)
            } else {
                UnsafeMutableRawBufferPointer(start: reply.body, count: body.count).copyBytes(from: body)
            }
            return reply
        }
    }
}
