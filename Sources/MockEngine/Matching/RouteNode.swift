/// A place in the trie of a route table: what may follow it and which routes end at it. As large as a cache line.
struct RouteNode: BitwiseCopyable, Sendable {
    static let none: Int32 = -1

    /// The node after a `{parameter}` or `*`, or `none`.
    var parameter = none
    var wildcard = none
    /// Like `own`, of the node after a `{parameter}` when nothing follows that: it is not made then, so that a lookup looks at
    /// one node less.
    var parameterEnds: Places = Places.none
    /// Edges by mixed segments, the most specific first.
    var mixed: Places = Places.none
    /// Places in `RouteTable.ranked` of the routes whose path ends here.
    var own: Places = Places.none
    /// Of the routes whose path goes on with `/**`.
    var tail: Places = Places.none
    /// Bit n: some path ends n segments below. The highest bit is `hasLiterals`.
    var lengths: UInt64 = 0
    /// Bit n: some path has its `/**` n segments below.
    var tailLengths: UInt64 = 0
    /// The methods of all routes here and below.
    var methods: UInt64 = 0

    private static let literals: UInt64 = 1 << 63
    /// Higher than any bit that a path sets (`RoutePattern.maximalSegments`).
    private static let longest = 62

    /// Whether literal segments lead on from here.
    var hasLiterals: Bool {
        get { lengths & Self.literals != 0 }
        set { lengths = newValue ? lengths | Self.literals : lengths & ~Self.literals }
    }

    /// Whether a route here or below can take a method and `remaining` more segments.
    func mayTake(remaining: Int, _ bits: UInt64) -> Bool {
        guard methods & bits != 0 else { return false }
        let length = UInt64(min(remaining, Self.longest))
        return lengths & (1 << length) != 0 || tailLengths & ((1 << (length + 1)) &- 1) != 0
    }
}

extension RouteNode {
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

struct MixedEdge: Sendable {
    var shape: Int
    var child: Int32
}
