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

/// The edges by literal segments: (node, segment) to node, by open addressing. An edge is half a cache line, and the node that it
/// leads to has the edge's place for its number: a lookup fetches both at once.
struct RouteEdges: Sendable {
    fileprivate struct Edge: BitwiseCopyable {
        static let free = Edge(parent: RouteNode.none, length: 0, rest: 0, first: 0, second: 0)

        let parent: Int32
        let length: Int32
        /// Where the bytes behind the first sixteen begin.
        let rest: UInt32
        let first: UInt64
        let second: UInt64
    }

    private let edges: LineArray<Edge>
    /// What does not fit into the edges.
    private let bytes: [UInt8]

    init(_ builder: RouteEdgesBuilder) {
        edges = LineArray(builder.edges)
        bytes = builder.bytes
    }

    func deallocate() { edges.deallocate() }

    /// The node that `segment`, whose key is `key`, leads to from a node; `none` when it leads nowhere. Has the node that it is
    /// most often brought near.
    func child(
        of parent: Int32, _ key: SegmentKey, _ segment: UnsafeBufferPointer<UInt8>, in nodes: LineArray<RouteNode>
    ) -> Int32 {
        var place = Self.place(parent, key, of: edges.count)
        nodes.prefetch(place)
        while true {
            let edge = edges[place]
            if edge.parent == RouteNode.none { return RouteNode.none }
            if edge.parent == parent, edge.first == key.first, edge.second == key.second, edge.length == key.length,
                hasRest(edge, segment)
            {
                return Int32(place)
            }
            place = place + 1 == edges.count ? 0 : place + 1
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

    /// Where looking for an edge begins.
    fileprivate static func place(_ parent: Int32, _ key: SegmentKey, of count: Int) -> Int {
        let hash = UInt64(
            bitPattern: Int64(SeededHash.value(of: key.hash ^ UInt64(UInt32(bitPattern: parent)))))
        return Int(hash.multipliedFullWidth(by: UInt64(count)).high)
    }
}

/// Gives edges their places.
struct RouteEdgesBuilder {
    fileprivate private(set) var edges: [RouteEdges.Edge]
    fileprivate private(set) var bytes: [UInt8] = []

    /// - Parameter count: how many edges will be added. Three of five places are used then.
    init(count: Int) {
        edges = [RouteEdges.Edge](repeating: .free, count: (count * 5 + 2) / 3 + 1)
    }

    var placeCount: Int { edges.count }

    /// Adds an edge and gives its place.
    mutating func add(_ parent: Int32, _ segment: [UInt8]) -> Int32 {
        let key = segment.withUnsafeBufferPointer { SegmentKey($0) }
        var place = RouteEdges.place(parent, key, of: edges.count)
        while edges[place].parent != RouteNode.none { place = place + 1 == edges.count ? 0 : place + 1 }
        edges[place] = RouteEdges.Edge(
            parent: parent, length: key.length, rest: UInt32(bytes.count), first: key.first, second: key.second)
        bytes += segment.dropFirst(SegmentKey.inlineLength)
        return Int32(place)
    }
}
