import Domain

/// Finds the routes that a method and a path may go to.
///
/// A trie over the segments of the paths, in flat arrays. A lookup costs by the segments of the request and by how many
/// alternatives (literal, mixed, parameter, wildcard) stand side by side on its way, not by the number of routes. It
/// allocates nothing for tables of an ordinary shape. A class, because a lookup would otherwise count references to each of
/// the arrays, which takes longer than the lookup itself.
package final class RouteTable: Sendable {
    /// One route; its number is its place in the list that makes the table, which is also the order of creation.
    package struct Entry: Sendable {
        package var methods: MethodSet
        package var pattern: RoutePattern
        /// Higher wins.
        package var priority: Int
        /// Whether requests on its path have more conditions to meet; what a visitor is told.
        package var hasConditions: Bool

        package init(methods: MethodSet, pattern: RoutePattern, priority: Int = 0, hasConditions: Bool = false) {
            self.methods = methods
            self.pattern = pattern
            self.priority = priority
            self.hasConditions = hasConditions
        }
    }

    /// What a lookup came to.
    package struct Lookup: Sendable, Hashable {
        /// The route that the visitor took, and its place.
        package var accepted: Int?
        package var place: Int?
        /// Places of the trie that were looked at.
        package var steps: Int
        /// Whether the lookup ended at `stepLimit`: routes of the least specific paths may have been left out.
        package var isCutShort: Bool
    }

    /// Most places that one lookup looks at, whatever the routes are.
    package static let stepLimit = 16_384

    // What every lookup needs comes first.
    let nodes: RouteNodes
    /// Those of each end of a path together, by rank.
    let ranked: LineArray<Ranked>
    /// Segments of the longest path.
    let depth: Int
    /// Ends of paths that one request can reach, at most.
    let endLimit: Int
    let methods: RouteMethods
    let shapes: SegmentShapes
    let mixedEdges: [MixedEdge]
    let patterns: [RoutePattern]
    /// By route.
    let methodSets: [MethodSet]
    /// Places that the costliest path makes a lookup look at, at most.
    package let worstCaseSteps: Int

    struct Ranked: BitwiseCopyable, Sendable {
        /// The order in which routes are tried: priority, specificity, creation.
        let rank: Int32
        /// Its number, and in the lowest bit whether it has conditions.
        private let marked: UInt32
        let bits: UInt64

        init(rank: Int, route: Int, hasConditions: Bool, bits: UInt64) {
            self.rank = Int32(rank)
            marked = UInt32(route) << 1 | (hasConditions ? 1 : 0)
            self.bits = bits
        }

        var route: Int { Int(marked >> 1) }
        var hasConditions: Bool { marked & 1 != 0 }
    }

    package init(routes: [Entry]) {
        let builder = RouteTableBuilder(routes)
        let (nodes, bound) = builder.trie()
        shapes = builder.shapes
        self.nodes = nodes
        mixedEdges = builder.flatMixedEdges
        ranked = LineArray(builder.flatRanked)
        patterns = builder.patterns
        methodSets = routes.map(\.methods)
        methods = builder.methods
        depth = builder.depth
        endLimit = min(bound.ends, Self.stepLimit)
        worstCaseSteps = bound.steps
    }

    /// What every lookup looks at.
    var pieces: [MemoryPiece] {
        [
            MemoryPiece(self, byteCount: 96),
            MemoryPiece(nodes.rootAddress, byteCount: MemoryLayout<RouteNode>.size),
        ]
    }

    deinit {
        nodes.deallocate()
        ranked.deallocate()
    }

    /// Shows `visit` the routes for a method (upper case) and a path (in normal form), best first, until it returns true.
    ///
    /// HEAD goes to routes for GET too; nil stands for every method. A slash at the end of the path does not count.
    package func candidates(
        method: String?, path: String, visit: (_ route: Int, _ hasConditions: Bool) -> Bool
    ) -> Lookup {
        var path = path
        return path.withUTF8 { candidates(method: method, path: $0, visit: visit) }
    }

    /// The same for a path that is not a string yet.
    ///
    /// - Parameter nears: told the place of each route before anything is known of it.
    package func candidates(
        method: String?, path: UnsafeBufferPointer<UInt8>, nears: (_ place: Int) -> Void = { _ in },
        visit: (_ route: Int, _ hasConditions: Bool) -> Bool
    ) -> Lookup {
        let bits = method.map(methods.requestBits) ?? RouteMethods.every
        var lookup = Lookup(accepted: nil, place: nil, steps: 0, isCutShort: false)
        walk(path, bits) { walk in
            lookup.steps = walk.steps
            lookup.isCutShort = walk.isCutShort
            walk.ends.arrange(in: ranked)
            while let place = walk.ends.next(in: ranked) {
                nears(place)
                let candidate = ranked[place]
                let route = candidate.route
                guard candidate.bits & bits != 0 else { continue }
                if bits == RouteMethods.other, let method, !methodSets[route].contains(method) { continue }
                if visit(route, candidate.hasConditions) {
                    lookup.accepted = route
                    lookup.place = place
                    return
                }
            }
        }
        return lookup
    }

    /// The route that has a place. Each has one, and a lookup knows it before it knows the route.
    package func route(at place: Int) -> Int { ranked[place].route }

    /// The methods that the routes of a path take, with HEAD where GET is; nil when no route has the path.
    package func allowedMethods(path: String) -> MethodSet? {
        var bits: UInt64 = 0
        var others: [String] = []
        walk(path, RouteMethods.every) { walk in
            walk.ends.arrange(in: ranked)
            while let place = walk.ends.next(in: ranked) {
                let candidate = ranked[place]
                bits |= candidate.bits
                if candidate.bits & RouteMethods.other != 0,
                    case .some(let names) = methodSets[candidate.route]
                {
                    others += names.filter { methods.requestBits($0) == RouteMethods.other && !others.contains($0) }
                }
            }
        }
        if bits == 0 { return nil }
        return bits & RouteMethods.any != 0 ? .any : .some(methods.names(of: bits) + others)
    }

    /// The parameters of a route that `path` was found to match, decoded, from the left.
    package func captures(route: Int, path: String) -> [(name: String, value: String)] {
        patterns[route].captures(in: path)
    }

    private func walk(_ path: String, _ bits: UInt64, _ body: (inout RouteWalk) -> Void) {
        var path = path
        path.withUTF8 { walk($0, bits, body) }
    }

    private func walk(_ path: UnsafeBufferPointer<UInt8>, _ bits: UInt64, _ body: (inout RouteWalk) -> Void) {
        withUnsafeTemporaryAllocation(of: PathSegment.self, capacity: depth) { segments in
            withUnsafeTemporaryAllocation(of: RouteEnds.End.self, capacity: endLimit) { ends in
                let count = PathSegment.split(path, into: segments)
                var walk = RouteWalk(
                    bytes: path, segments: UnsafeBufferPointer(segments), segmentCount: count, bits: bits,
                    ends: RouteEnds(ends))
                descend(to: nodes.root, .root, depth: 0, &walk)
                body(&walk)
            }
        }
    }
}
