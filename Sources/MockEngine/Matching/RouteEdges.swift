/// A literal segment as its first sixteen bytes in two numbers, its length, and a hash of it all: what most comparisons need
/// and nothing has to be followed for.
struct SegmentKey: Sendable {
    static let inlineLength = 16

    let first: UInt64
    let second: UInt64
    let length: Int32
    /// Its own, before it is mixed with a node.
    let hash: UInt64

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        length = Int32(clamping: bytes.count)
        let raw = UnsafeRawBufferPointer(bytes)
        if bytes.count >= 16 {
            first = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            second = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        } else if bytes.count >= 8 {
            first = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            second = Self.load(raw, 8..<bytes.count)
        } else {
            first = Self.load(raw, 0..<bytes.count)
            second = 0
        }
        hash = UInt64(bitPattern: Int64(SeededHash.value(of: bytes)))
    }

    private static func load(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
        range.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
}

/// The edges by literal segments: (node, segment) to node, by open addressing. An edge is half a cache line, so that a step
/// of a lookup in a table that is in no cache waits for memory once.
struct RouteEdges: Sendable {
    private struct Edge: BitwiseCopyable {
        static let free = Edge(parent: RouteNode.none, child: RouteNode.none, length: 0, rest: 0, first: 0, second: 0)

        let parent: Int32
        let child: Int32
        let length: Int32
        /// Where the bytes behind the first sixteen begin.
        let rest: UInt32
        let first: UInt64
        let second: UInt64
    }

    private let edges: LineArray<Edge>
    /// What does not fit into the edges.
    private let bytes: [UInt8]

    init(_ literals: [(parent: Int32, segment: [UInt8], child: Int32)]) {
        var size = 4
        while size < literals.count * 2 { size *= 2 }
        var edges = [Edge](repeating: .free, count: size)
        var bytes: [UInt8] = []
        for (parent, segment, child) in literals {
            let key = segment.withUnsafeBufferPointer { SegmentKey($0) }
            var slot = Self.hash(parent, key) & (size - 1)
            while edges[slot].parent != RouteNode.none { slot = (slot + 1) & (size - 1) }
            edges[slot] = Edge(
                parent: parent, child: child, length: key.length, rest: UInt32(bytes.count), first: key.first,
                second: key.second)
            bytes += segment.dropFirst(SegmentKey.inlineLength)
        }
        self.edges = LineArray(edges)
        self.bytes = bytes
    }

    func deallocate() { edges.deallocate() }

    /// The node that `segment`, whose key is `key`, leads to from a node; `none` when it leads nowhere.
    func child(of parent: Int32, _ key: SegmentKey, _ segment: UnsafeBufferPointer<UInt8>) -> Int32 {
        var slot = Self.hash(parent, key) & (edges.count - 1)
        while true {
            let edge = edges[slot]
            if edge.parent == RouteNode.none { return RouteNode.none }
            if edge.parent == parent, edge.first == key.first, edge.second == key.second, edge.length == key.length,
                hasRest(edge, segment)
            {
                return edge.child
            }
            slot = (slot + 1) & (edges.count - 1)
        }
    }

    private func hasRest(_ edge: Edge, _ segment: UnsafeBufferPointer<UInt8>) -> Bool {
        guard segment.count > SegmentKey.inlineLength else { return true }
        let start = Int(edge.rest) - SegmentKey.inlineLength
        for offset in SegmentKey.inlineLength..<segment.count where bytes[start + offset] != segment[offset] {
            return false
        }
        return true
    }

    private static func hash(_ parent: Int32, _ key: SegmentKey) -> Int {
        SeededHash.value(of: key.hash ^ UInt64(UInt32(bitPattern: parent)))
    }
}
