/// A place in the trie of a route table: what may follow it and which routes end at it.
struct RouteNode: Sendable {
    static let none: Int32 = -1

    /// The node after a `{parameter}` or `*`, or `none`.
    var parameter = none
    var wildcard = none
    /// Edges by mixed segments, the most specific first.
    var mixed: Range<Int32> = 0..<0
    /// Ranks of the routes whose path ends here.
    var own: Range<Int32> = 0..<0
    /// Ranks of the routes whose path goes on with `/**`.
    var tail: Range<Int32> = 0..<0
    /// Bit n: some path ends n segments below.
    var lengths: UInt64 = 0
    /// Bit n: some path has its `/**` n segments below.
    var tailLengths: UInt64 = 0
    /// The methods of all routes here and below.
    var methods: UInt64 = 0

    /// Whether a route here or below can take a method and `remaining` more segments.
    func mayTake(remaining: Int, _ bits: UInt64) -> Bool {
        guard methods & bits != 0 else { return false }
        let length = UInt64(min(remaining, 63))
        // For 63 the shift overflows to 0, which makes the mask all ones, as it should.
        return lengths & (1 << length) != 0 || tailLengths & ((1 << (length + 1)) &- 1) != 0
    }
}

struct MixedEdge: Sendable {
    var shape: Int
    var child: Int32
}

/// The edges by literal segments: (node, token) to node, by open addressing.
struct RouteEdges: Sendable {
    private var keys: [UInt64]
    private var children: [Int32]

    private static let free = UInt64.max

    init(_ edges: [UInt64: Int32]) {
        var size = 4
        while size < edges.count * 2 { size *= 2 }
        keys = [UInt64](repeating: Self.free, count: size)
        children = [Int32](repeating: RouteNode.none, count: size)
        for (key, child) in edges {
            var slot = Self.hash(key) & (size - 1)
            while keys[slot] != Self.free { slot = (slot + 1) & (size - 1) }
            keys[slot] = key
            children[slot] = child
        }
    }

    static func key(_ node: Int32, _ token: Int32) -> UInt64 { UInt64(node) << 32 | UInt64(token) }

    func child(of node: Int32, _ token: Int32) -> Int32 {
        let key = Self.key(node, token)
        var slot = Self.hash(key) & (keys.count - 1)
        while keys[slot] != Self.free {
            if keys[slot] == key { return children[slot] }
            slot = (slot + 1) & (keys.count - 1)
        }
        return RouteNode.none
    }

    private static func hash(_ key: UInt64) -> Int { SeededHash.value(of: key) }
}
