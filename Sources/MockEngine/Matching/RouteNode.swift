/// A place in the trie of a route table: the literal segment that leads to it, what may follow it, and which routes end at it.
/// As large as a cache line.
struct RouteNode: BitwiseCopyable, Sendable {
    static let none: Int32 = -1

    var edge = Edge.free
    /// Where what few nodes have is in `RouteNodes.branches`, or `none`.
    var branches = none
    /// Like `own`, of the node after a `{parameter}` when nothing follows that: it is not made then, so that a lookup looks at
    /// one node less.
    var parameterEnds: Places = Places.none
    /// Places in `RouteTable.ranked` of the routes whose path ends here.
    var own: Places = Places.none
    /// Bit n: some path ends n segments below. The highest bit is `hasLiterals`.
    var lengths: UInt64 = 0
    /// The methods of all routes here and below.
    var methods: UInt64 = 0

    private static let literals: UInt64 = 1 << 63
    /// Higher than any bit that a path sets (`RoutePattern.maximalSegments`).
    fileprivate static let longest = 62

    /// Whether literal segments lead on from here.
    var hasLiterals: Bool {
        get { lengths & Self.literals != 0 }
        set { lengths = newValue ? lengths | Self.literals : lengths & ~Self.literals }
    }

    /// Whether a path here or below has `remaining` more segments, a `/**` aside.
    func mayTake(remaining: Int) -> Bool { lengths & (1 << UInt64(min(remaining, Self.longest))) != 0 }
}

extension RouteNode {
    /// A literal segment and the node from which it leads here.
    struct Edge: BitwiseCopyable, Sendable {
        /// Of a node that no literal segment leads to, and of a place without a node.
        static let free = Edge(first: 0, second: 0, parent: none, length: 0, rest: 0)

        /// As in `SegmentKey`.
        let first: UInt64
        let second: UInt64
        let parent: Int32
        let length: Int32
        /// Where the bytes behind the first sixteen begin.
        let rest: UInt32
    }

    /// A range; the standard library's does not count as bitwise copyable.
    struct Places: BitwiseCopyable, Sendable {
        static let none = Places(0..<0)

        private let lower: Int32
        private let upper: Int32

        init(_ range: Range<Int32>) {
            lower = range.lowerBound
            upper = range.upperBound
        }

        var range: Range<Int32> { lower..<upper }
        var count: Int { range.count }
        var isEmpty: Bool { lower == upper }
    }
}

/// What follows a node but for literal segments and a parameter that ends the path.
struct RouteBranches: BitwiseCopyable, Sendable {
    /// The node after a `{parameter}` or `*`, or `none`.
    var parameter = RouteNode.none
    var wildcard = RouteNode.none
    /// Edges by mixed segments, the most specific first.
    var mixed = RouteNode.Places.none
    /// Of the routes whose path goes on with `/**`.
    var tail = RouteNode.Places.none
    /// Bit n: some path has its `/**` n segments below.
    var tailLengths: UInt64 = 0

    /// Whether there is anything.
    var isEmpty: Bool {
        parameter == RouteNode.none && wildcard == RouteNode.none && mixed.isEmpty && tail.isEmpty && tailLengths == 0
    }

    /// Whether the `/**` of a route here or below can take the rest of a path.
    func mayTake(remaining: Int) -> Bool {
        tailLengths & ((1 << UInt64(min(remaining, RouteNode.longest) + 1)) &- 1) != 0
    }
}

struct MixedEdge: Sendable {
    var shape: Int
    var child: Int32
}
