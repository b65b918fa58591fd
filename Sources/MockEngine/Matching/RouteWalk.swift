/// A segment of a request's path: a range of its bytes, and what edges find it by.
struct PathSegment {
    var start: Int
    var end: Int
    var key: SegmentKey

    /// Writes the first segments into `segments`, as many as fit, and gives the number of all.
    static func split(
        _ bytes: UnsafeBufferPointer<UInt8>, into segments: UnsafeMutableBufferPointer<PathSegment>
    ) -> Int {
        var count = 0
        var start = 0
        var index = 0
        while index <= bytes.count {
            if index == bytes.count || bytes[index] == PathEncoding.slash {
                if index > start {
                    if count < segments.count {
                        let key = SegmentKey(UnsafeBufferPointer(rebasing: bytes[start..<index]))
                        segments.initializeElement(at: count, to: PathSegment(start: start, end: index, key: key))
                    }
                    count += 1
                }
                start = index + 1
            }
            index += 1
        }
        return count
    }
}

/// The ends of paths that a lookup has reached; gives the places of their routes in the order of rising ranks.
struct RouteEnds {
    typealias End = Range<Int32>

    /// Places of the table's `ranked`. Not empty; after `arrange` a heap by the rank at the lower bound.
    private let ends: UnsafeMutableBufferPointer<End>
    private var count = 0

    init(_ storage: UnsafeMutableBufferPointer<End>) { ends = storage }

    mutating func add(_ end: End) {
        guard !end.isEmpty, count < ends.count else { return }
        ends.initializeElement(at: count, to: end)
        count += 1
    }

    mutating func arrange(in ranked: LineArray<RouteTable.Ranked>) {
        guard count > 1 else { return }
        for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(index, ranked) }
    }

    mutating func next(in ranked: LineArray<RouteTable.Ranked>) -> Int? {
        guard count > 0 else { return nil }
        let end = ends[0]
        if end.count > 1 {
            ends[0] = (end.lowerBound + 1)..<end.upperBound
        } else {
            count -= 1
            ends[0] = ends[count]
        }
        if count > 1 { sink(0, ranked) }
        return Int(end.lowerBound)
    }

    private func sink(_ start: Int, _ ranked: LineArray<RouteTable.Ranked>) {
        var index = start
        while true {
            var least = index
            for child in 2 * index + 1...2 * index + 2 where child < count && rank(child, ranked) < rank(least, ranked)
            {
                least = child
            }
            if least == index { return }
            ends.swapAt(index, least)
            index = least
        }
    }

    private func rank(_ index: Int, _ ranked: LineArray<RouteTable.Ranked>) -> Int32 {
        ranked[Int(ends[index].lowerBound)].rank
    }
}

/// The state of one descent through a route table.
struct RouteWalk {
    let bytes: UnsafeBufferPointer<UInt8>
    /// The first segments, as many as the longest path of the table has.
    let segments: UnsafeBufferPointer<PathSegment>
    let segmentCount: Int
    /// The methods that are looked for.
    let bits: UInt64
    var ends: RouteEnds
    var steps = 0

    var isCutShort: Bool { steps >= RouteTable.stepLimit }

    func text(of segment: PathSegment) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[segment.start..<segment.end])
    }
}

extension RouteTable {
    /// Notes the ends at and below `node`, which stands after `depth` segments; the most specific first.
    ///
    /// A method of the table and not of the walk, so that no lookup copies the table's arrays.
    ///
    /// - Parameter hash: of the node.
    func descend(to node: Int32, _ hash: PathHash, depth: Int, _ walk: inout RouteWalk) {
        guard !walk.isCutShort else { return }
        walk.steps += 1
        let place = nodes[node]
        let branches = nodes.branches(of: place)
        let remaining = walk.segmentCount - depth
        guard place.methods & walk.bits != 0,
            place.mayTake(remaining: remaining) || branches?.mayTake(remaining: remaining) == true
        else { return }
        if depth == walk.segmentCount {
            walk.ends.add(place.own.range)
        } else if depth < walk.segments.count {
            let segment = walk.segments[depth]
            if place.hasLiterals {
                let next = hash.literal(segment.key)
                let child = nodes.child(of: node, next, segment.key, walk.text(of: segment))
                if child != RouteNode.none { descend(to: child, next, depth: depth + 1, &walk) }
            }
            if let branches { descendMixed(branches.mixed.range, hash, depth: depth, &walk) }
            if !place.parameterEnds.isEmpty, !walk.isCutShort {
                walk.steps += 1
                if depth + 1 == walk.segmentCount { walk.ends.add(place.parameterEnds.range) }
            }
            if let branches {
                if branches.parameter != RouteNode.none {
                    descend(to: branches.parameter, hash.parameter, depth: depth + 1, &walk)
                }
                if branches.wildcard != RouteNode.none {
                    descend(to: branches.wildcard, hash.wildcard, depth: depth + 1, &walk)
                }
            }
        }
        if let branches { walk.ends.add(branches.tail.range) }
    }

    private func descendMixed(_ edges: Range<Int32>, _ hash: PathHash, depth: Int, _ walk: inout RouteWalk) {
        let segment = walk.segments[depth]
        for index in edges where !walk.isCutShort {
            walk.steps += 1
            let edge = mixedEdges[Int(index)]
            if shapes.match(edge.shape, walk.text(of: segment)) {
                descend(to: edge.child, hash.mixed(shape: edge.shape), depth: depth + 1, &walk)
            }
        }
    }
}
