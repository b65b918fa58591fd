/// The nodes of a trie. Those that literal segments lead to are found by (node, segment), by open addressing, and each has its
/// edge with it, so that one step takes one cache line.
struct RouteNodes: Sendable {
    private let nodes: LineArray<RouteNode>
    /// The first places, which are searched.
    private let searchedCount: Int
    let root: Int32
    /// Literal segments from the root on, on the way that has most of them.
    private let literalDepth: Int32
    private let branches: LineArray<RouteBranches>
    /// What does not fit into the edges.
    private let bytes: [UInt8]

    init(_ nodes: [RouteNode], root: Int32, _ branches: [RouteBranches], _ edges: RouteEdgesBuilder, literalDepth: Int)
    {
        self.nodes = LineArray(nodes)
        self.root = root
        self.branches = LineArray(branches)
        searchedCount = edges.placeCount
        bytes = edges.bytes
        self.literalDepth = Int32(clamping: literalDepth)
    }

    func deallocate() {
        nodes.deallocate()
        branches.deallocate()
    }

    subscript(_ number: Int32) -> RouteNode { nodes[Int(number)] }

    func branches(of node: RouteNode) -> RouteBranches? {
        node.branches == RouteNode.none ? nil : branches[Int(node.branches)]
    }

    /// What every lookup looks at, besides this.
    var rootAddress: UnsafeRawPointer { nodes.address(of: Int(root)) }

    var beginnings: RouteBeginnings {
        RouteBeginnings(nodes.address(of: 0), count: searchedCount, depth: Int(literalDepth))
    }

    /// The node that `segment`, whose key is `key`, leads to from a node; `none` when it leads nowhere.
    ///
    /// - Parameter hash: of the node that is looked for.
    func child(
        of parent: Int32, _ hash: PathHash, _ key: SegmentKey, _ segment: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        var place = hash.place(of: searchedCount)
        while true {
            let edge = nodes[place].edge
            if edge.parent == RouteNode.none { return RouteNode.none }
            if edge.parent == parent, edge.first == key.first, edge.second == key.second, edge.length == key.length,
                hasRest(edge, segment)
            {
                return Int32(place)
            }
            place = place + 1 == searchedCount ? 0 : place + 1
        }
    }

    private func hasRest(_ edge: RouteNode.Edge, _ segment: UnsafeBufferPointer<UInt8>) -> Bool {
        guard segment.count > SegmentKey.inlineLength else { return true }
        let start = Int(edge.rest) - SegmentKey.inlineLength
        for offset in SegmentKey.inlineLength..<segment.count where bytes[start + offset] != segment[offset] {
            return false
        }
        return true
    }
}

/// Gives edges their places.
struct RouteEdgesBuilder {
    private(set) var edges: [RouteNode.Edge]
    fileprivate private(set) var bytes: [UInt8] = []

    /// - Parameter count: how many edges will be added. Three of five places are used then.
    init(count: Int) {
        edges = [RouteNode.Edge](repeating: .free, count: (count * 5 + 2) / 3 + 1)
    }

    var placeCount: Int { edges.count }

    /// Adds an edge and gives its place.
    ///
    /// - Parameter hash: of the node that it leads to.
    mutating func add(_ parent: Int32, _ segment: [UInt8], _ key: SegmentKey, _ hash: PathHash) -> Int32 {
        var place = hash.place(of: edges.count)
        while edges[place].parent != RouteNode.none { place = place + 1 == edges.count ? 0 : place + 1 }
        edges[place] = RouteNode.Edge(
            first: key.first, second: key.second, parent: parent, length: key.length, rest: UInt32(bytes.count))
        bytes += segment.dropFirst(SegmentKey.inlineLength)
        return Int32(place)
    }
}
