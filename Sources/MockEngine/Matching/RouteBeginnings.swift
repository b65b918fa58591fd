import CPrefetch

/// Where a table has the nodes that paths begin with, for whoever has those brought near before the table itself is. Never
/// read through, so it may outlive the table.
package struct RouteBeginnings: @unchecked Sendable {
    private let nodes: UnsafeRawPointer
    let count: Int32
    /// Literal segments from the root on, on the way that has most of them.
    private let depth: Int32

    init(_ nodes: UnsafeRawPointer, count: Int, depth: Int) {
        self.nodes = nodes
        self.count = Int32(count)
        self.depth = Int32(clamping: depth)
    }

    /// Begins to bring the nodes near that the first segments of a path lead to.
    package func prefetch(_ path: UnsafeBufferPointer<UInt8>) {
        forEachPlace(on: path) { mockforge_prefetch(nodes + $0 * MemoryLayout<RouteNode>.stride) }
    }

    /// Gives the places where a lookup will begin to look for those nodes.
    @inline(__always)
    func forEachPlace(on path: UnsafeBufferPointer<UInt8>, _ body: (Int) -> Void) {
        var hash = PathHash.root
        var found = 0
        var start = 0
        var index = 0
        while found < depth, index <= path.count {
            if index == path.count || path[index] == PathEncoding.slash {
                if index > start {
                    hash = hash.literal(SegmentKey(UnsafeBufferPointer(rebasing: path[start..<index])))
                    body(hash.place(of: Int(count)))
                    found += 1
                }
                start = index + 1
            }
            index += 1
        }
    }
}
