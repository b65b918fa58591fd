package import Domain
package import JSON

/// A route that a request came close to, and why it was not that route's.
package struct NearMiss: Sendable, Hashable {
    package var routeID: RouteID
    package var name: String
    /// As people write it: `GET`, `GET, POST` or `ANY`.
    package var method: String
    package var path: String
    package var differences: [Difference]

    package var json: JSON {
        [
            "route_id": .string(routeID.text), "name": .string(name), "method": .string(method), "path": .string(path),
            "differences": .array(differences.map(\.json)),
        ]
    }
}

/// Finds the routes nearest to a request that none took.
///
/// The work is bounded: paths are compared for at most `pathLimit` routes, predicates for the best few of them.
package struct NearMissFinder: Sendable {
    package struct Candidate: Sendable {
        package var id: RouteID
        package var name: String
        package var methods: MethodSet
        package var pattern: RoutePattern
        /// Nil where every request on the path is taken.
        package var match: CompiledMatch?

        package init(
            id: RouteID, name: String, methods: MethodSet, pattern: RoutePattern, match: CompiledMatch?
        ) {
            self.id = id
            self.name = name
            self.methods = methods
            self.pattern = pattern
            self.match = match
        }
    }

    /// Most routes whose path is compared.
    package static let pathLimit = 1000
    /// Most routes whose predicates are put to the request.
    private static let predicateLimit = 12
    /// Most routes in the answer.
    package static let resultLimit = 3

    private let candidates: [Candidate]
    private let table: RouteTable
    /// Routes by the literal that their path begins with, as those are the likeliest.
    private let byFirstLiteral: [[UInt8]: [Int]]

    /// `table` holds the same routes in the same order.
    package init(_ candidates: [Candidate], table: RouteTable) {
        self.candidates = candidates
        self.table = table
        var byFirstLiteral: [[UInt8]: [Int]] = [:]
        for (index, candidate) in candidates.enumerated() {
            guard case .literal(let bytes)? = candidate.pattern.segments.first else { continue }
            byFirstLiteral[bytes, default: []].append(index)
        }
        self.byFirstLiteral = byFirstLiteral
    }

    /// The nearest routes, nearest first; none where nothing of any route's path is in the request.
    package func nearest(to view: RequestView) -> [NearMiss] {
        let path = PathDistance(to: view.request.path)
        var scored: [(index: Int, score: Int)] = []
        for index in prefiltered(view, path) {
            let candidate = candidates[index]
            guard let distance = path.distance(of: candidate.pattern) else { continue }
            scored.append((index, distance + (takes(candidate, view) ? 0 : Self.methodCost)))
        }
        scored.sort { ($0.score, $0.index) < ($1.score, $1.index) }
        var compared: [(index: Int, score: Int, differences: [Difference])] = []
        for (index, score) in scored.prefix(Self.predicateLimit) {
            let differences = candidates[index].match?.differences(view) ?? []
            compared.append((index, score + differences.count, differences))
        }
        compared.sort { ($0.score, $0.index) < ($1.score, $1.index) }
        return compared.prefix(Self.resultLimit).map { result(candidates[$0.index], view, $0.differences) }
    }

    /// A wrong method weighs as much as two predicates that do not hold.
    private static let methodCost = 2

    /// Routes of the path itself first, then those that begin alike, then the others in the order of creation.
    private func prefiltered(_ view: RequestView, _ path: PathDistance) -> [Int] {
        var indices: [Int] = []
        var seen: Set<Int> = []
        func add(_ index: Int) -> Bool {
            if seen.insert(index).inserted { indices.append(index) }
            return indices.count >= Self.pathLimit
        }
        _ = table.candidates(method: nil, path: view.request.path) { route, _ in add(route) }
        for index in path.firstSegment.flatMap({ byFirstLiteral[$0] }) ?? [] where add(index) { return indices }
        for index in candidates.indices where add(index) { return indices }
        return indices
    }

    private func takes(_ candidate: Candidate, _ view: RequestView) -> Bool {
        candidate.methods.contains(view.request.method)
            || view.request.method == "HEAD" && candidate.methods.contains("GET")
    }

    private func result(_ candidate: Candidate, _ view: RequestView, _ predicates: [Difference]) -> NearMiss {
        var differences: [Difference] = []
        let method =
            switch candidate.methods {
            case .any: "ANY"
            case .some(let names): names.joined(separator: ", ")
            }
        if !takes(candidate, view) {
            differences.append(
                Difference(field: "method", expected: method, actual: Difference.shortened(view.request.method)))
        }
        if !candidate.pattern.matches(view.request.path) {
            differences.append(
                Difference(
                    field: "path", expected: candidate.pattern.text, actual: Difference.shortened(view.request.path)))
        }
        return NearMiss(
            routeID: candidate.id, name: candidate.name, method: method, path: candidate.pattern.text,
            differences: differences + predicates)
    }
}
