/// Makes the arrays of a route table. Slow and plain: it runs when a workspace changes, not when a request comes.
final class RouteTableBuilder {
    private(set) var shapes = SegmentShapes()
    private(set) var methods = RouteMethods()
    private(set) var flatMixedEdges: [MixedEdge] = []
    /// Those of each end together.
    private(set) var flatRanked: [RouteTable.Ranked] = []
    private(set) var depth = 0
    let patterns: [RoutePattern]

    private var ranked: [RouteTable.Ranked] = []
    private var shapeNumbers: [[[UInt8]]: Int] = [:]
    private var shapeLengths: [Int] = []
    private var drafts = [Draft(parent: nil)]

    /// How a node hangs on its parent.
    private enum Link { case literal, mixed, parameter, wildcard }

    /// A node while the trie grows; children always come after their parents.
    private struct Draft {
        var parent: (node: Int, link: Link)?
        var parameter = RouteNode.none
        var wildcard = RouteNode.none
        var literals: [[UInt8]: Int32] = [:]
        var mixed: [Int: Int32] = [:]
        var own: [Int32] = []
        var tail: [Int32] = []

        /// Whether nothing follows.
        var isLeaf: Bool {
            literals.isEmpty && mixed.isEmpty && tail.isEmpty && parameter == RouteNode.none
                && wildcard == RouteNode.none
        }
    }

    init(_ entries: [RouteTable.Entry]) {
        patterns = entries.map(\.pattern)
        var specificities = patterns.map { Specificity($0) }
        let bits = entries.map { methods.bits(of: $0.methods) }
        for index in entries.indices { specificities[index].priority = entries[index].priority }
        let order = entries.indices.sorted { left, right in
            switch specificities[left].compare(to: specificities[right]) {
            case ..<0: true
            case 1...: false
            default:
                (RouteMethods.prefersHead(bits[left]) ? 0 : 1, left)
                    < (RouteMethods.prefersHead(bits[right]) ? 0 : 1, right)
            }
        }
        for (rank, index) in order.enumerated() {
            ranked.append(
                RouteTable.Ranked(
                    rank: rank, route: index, hasConditions: entries[index].hasConditions, bits: bits[index]))
            insert(patterns[index], rank: Int32(rank))
        }
    }

    /// The nodes, and the most ends and steps that one lookup can come to.
    func trie() -> (nodes: RouteNodes, bound: (ends: Int, steps: Int)) {
        var nodes = flatten()
        let bound = fold(into: &nodes)
        return (place(nodes), bound)
    }

    private func insert(_ pattern: RoutePattern, rank: Int32) {
        depth = max(depth, pattern.segments.count)
        var node = 0
        for segment in pattern.segments {
            switch segment {
            case .literal(let bytes): node = literalChild(of: node, bytes)
            case .mixed(let literals, _): node = mixedChild(of: node, literals)
            case .parameter:
                if drafts[node].parameter == RouteNode.none { drafts[node].parameter = add(node, .parameter) }
                node = Int(drafts[node].parameter)
            case .wildcard:
                if drafts[node].wildcard == RouteNode.none { drafts[node].wildcard = add(node, .wildcard) }
                node = Int(drafts[node].wildcard)
            case .tail:
                drafts[node].tail.append(rank)
                return
            }
        }
        drafts[node].own.append(rank)
    }

    private func add(_ parent: Int, _ link: Link) -> Int32 {
        drafts.append(Draft(parent: (parent, link)))
        return Int32(drafts.count - 1)
    }

    private func literalChild(of node: Int, _ bytes: [UInt8]) -> Int {
        if let child = drafts[node].literals[bytes] { return Int(child) }
        let child = add(node, .literal)
        drafts[node].literals[bytes] = child
        return Int(child)
    }

    private func mixedChild(of node: Int, _ literals: [[UInt8]]) -> Int {
        let shape: Int
        if let known = shapeNumbers[literals] {
            shape = known
        } else {
            shape = shapes.add(literals)
            shapeNumbers[literals] = shape
            shapeLengths.append(literals.reduce(0) { $0 + $1.count })
        }
        if let child = drafts[node].mixed[shape] { return Int(child) }
        let child = add(node, .mixed)
        drafts[node].mixed[shape] = child
        return Int(child)
    }

    /// A node before it has its place, with what few nodes have.
    private struct Flat {
        var node = RouteNode()
        var branches = RouteBranches()
    }

    private func flatten() -> [Flat] {
        drafts.map { draft in
            var flat = Flat()
            let mixedStart = Int32(flatMixedEdges.count)
            for (shape, child) in draft.mixed.sorted(by: {
                (-shapeLengths[$0.key], $0.key) < (-shapeLengths[$1.key], $1.key)
            }) {
                flatMixedEdges.append(MixedEdge(shape: shape, child: child))
            }
            flat.branches.mixed = .init(mixedStart..<Int32(flatMixedEdges.count))
            flat.branches.tail = append(draft.tail)
            flat.branches.tailLengths = draft.tail.isEmpty ? 0 : 1
            flat.node.own = append(draft.own)
            flat.node.lengths = draft.own.isEmpty ? 0 : 1
            flat.node.methods = (draft.own + draft.tail).reduce(0) { $0 | ranked[Int($1)].bits }
            return flat
        }
    }

    /// Gives each node its place, and has the others call it by that.
    private func place(_ flat: [Flat]) -> RouteNodes {
        var edges = RouteEdgesBuilder(count: drafts.reduce(0) { $0 + $1.literals.count })
        var places = [Int32](repeating: RouteNode.none, count: drafts.count)
        var hashes = [PathHash](repeating: .root, count: drafts.count)
        var literalDepths = [Int](repeating: 0, count: drafts.count)
        var count = edges.placeCount
        func placeAtEnd(_ draft: Int, _ hash: PathHash) {
            places[draft] = Int32(count)
            hashes[draft] = hash
            count += 1
        }
        placeAtEnd(0, .root)
        // Parents come before their children, whose edges are found by the way to them.
        for (index, draft) in drafts.enumerated() where places[index] != RouteNode.none {
            let hash = hashes[index]
            for (segment, child) in draft.literals {
                let key = segment.withUnsafeBufferPointer { SegmentKey($0) }
                hashes[Int(child)] = hash.literal(key)
                places[Int(child)] = edges.add(places[index], segment, key, hash.literal(key))
                if index == 0 || literalDepths[index] > 0 { literalDepths[Int(child)] = literalDepths[index] + 1 }
            }
            for (shape, child) in draft.mixed { placeAtEnd(Int(child), hash.mixed(shape: shape)) }
            if draft.parameter != RouteNode.none, !drafts[Int(draft.parameter)].isLeaf {
                placeAtEnd(Int(draft.parameter), hash.parameter)
            }
            if draft.wildcard != RouteNode.none { placeAtEnd(Int(draft.wildcard), hash.wildcard) }
        }
        for index in flatMixedEdges.indices { flatMixedEdges[index].child = places[Int(flatMixedEdges[index].child)] }
        var placed = [RouteNode](repeating: RouteNode(), count: count)
        var branches: [RouteBranches] = []
        for (index, draft) in drafts.enumerated() where places[index] != RouteNode.none {
            var (node, more) = (flat[index].node, flat[index].branches)
            let place = Int(places[index])
            if place < edges.placeCount { node.edge = edges.edges[place] }
            node.hasLiterals = !draft.literals.isEmpty
            if draft.parameter != RouteNode.none {
                more.parameter = places[Int(draft.parameter)]
                if more.parameter == RouteNode.none { node.parameterEnds = flat[Int(draft.parameter)].node.own }
            }
            if draft.wildcard != RouteNode.none { more.wildcard = places[Int(draft.wildcard)] }
            if !more.isEmpty {
                node.branches = Int32(branches.count)
                branches.append(more)
            }
            placed[place] = node
        }
        return RouteNodes(placed, root: places[0], branches, edges, literalDepth: literalDepths.max() ?? 0)
    }

    private func append(_ list: [Int32]) -> RouteNode.Places {
        let start = Int32(flatRanked.count)
        flatRanked += list.map { ranked[Int($0)] }
        return .init(start..<Int32(flatRanked.count))
    }

    /// Carries what each node knows of the routes below it up to the root; gives the most ends and steps of one lookup.
    private func fold(into flat: inout [Flat]) -> (ends: Int, steps: Int) {
        struct Bound {
            var literal = (ends: 0, steps: 0)
            var others = (ends: 0, steps: 0)
        }
        var bounds = [Bound](repeating: Bound(), count: flat.count)
        for index in flat.indices.reversed() {
            let (node, branches) = (flat[index].node, flat[index].branches)
            let own = node.own.isEmpty ? 0 : 1
            let below = bounds[index].literal.ends + bounds[index].others.ends
            let ends = max(own, below) + (branches.tail.isEmpty ? 0 : 1)
            let steps = 1 + branches.mixed.count + bounds[index].literal.steps + bounds[index].others.steps
            guard let (parent, link) = drafts[index].parent else { return (ends, steps) }
            flat[parent].node.lengths |= node.lengths << 1
            flat[parent].branches.tailLengths |= branches.tailLengths << 1
            flat[parent].node.methods |= node.methods
            if link == .literal {
                // A request takes one literal edge at most, so only the worst of them counts.
                bounds[parent].literal.ends = max(bounds[parent].literal.ends, ends)
                bounds[parent].literal.steps = max(bounds[parent].literal.steps, steps)
            } else {
                bounds[parent].others.ends += ends
                bounds[parent].others.steps += steps
            }
        }
        return (0, 0)
    }
}

/// Orders routes: priority, then the more specific path, compared from the left.
private struct Specificity {
    var priority = 0
    private var segments: [(kind: Int, literalBytes: Int)]

    init(_ pattern: RoutePattern) {
        segments = pattern.segments.map { segment in
            switch segment {
            case .literal: (0, 0)
            case .mixed(let literals, _): (1, literals.reduce(0) { $0 + $1.count })
            case .parameter: (2, 0)
            case .wildcard: (3, 0)
            case .tail: (4, 0)
            }
        }
    }

    /// Negative when this one stands first.
    func compare(to other: Specificity) -> Int {
        if priority != other.priority { return priority > other.priority ? -1 : 1 }
        for (mine, theirs) in zip(segments, other.segments) where mine != theirs {
            return (mine.kind, -mine.literalBytes) < (theirs.kind, -theirs.literalBytes) ? -1 : 1
        }
        // Two paths of different length meet in one request only where the longer one ends with "/**".
        return segments.count - other.segments.count
    }
}
