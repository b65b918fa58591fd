package import Domain
import JSON

/// The predicates of a route or a response, ready to be put to requests.
package struct CompiledMatch: Sendable {
    private enum Source: String, Sendable {
        case query, header, cookie
    }

    private struct Condition: Sendable {
        var source: Source
        var name: String
        var predicate: CompiledPredicate
    }

    private let conditions: [Condition]
    private let body: CompiledPredicate?

    /// Throws all of what cannot be compiled; nothing that has been read by `MatchDefinition.init(json:)` is.
    package init(_ definition: MatchDefinition) throws(Problem) {
        let violations = Violations()
        var conditions: [Condition] = []
        let sources: [(Source, String, [NamedPredicate])] = [
            (.query, "query", definition.query), (.header, "headers", definition.headers),
            (.cookie, "cookies", definition.cookies),
        ]
        for (source, key, list) in sources {
            for named in list {
                let pointer = JSONPointer([key, named.name])
                let predicate = CompiledPredicate(named.predicate, at: pointer, violations: violations)
                if let predicate {
                    conditions.append(Condition(source: source, name: named.name, predicate: predicate))
                }
            }
        }
        self.conditions = conditions
        body = definition.body.flatMap {
            CompiledPredicate($0, at: JSONPointer(["body"]), violations: violations)
        }
        try violations.throwIfAny()
    }

    /// Whether there is nothing to hold: every request matches.
    package var isEmpty: Bool { conditions.isEmpty && body == nil }

    package func matches(_ view: RequestView) -> Bool {
        for condition in conditions where !condition.predicate.holds(for: Self.values(condition, view)) { return false }
        return body.map { $0.holds(for: .body(view)) } ?? true
    }

    /// What does not hold, in the order of the definition: query, headers, cookies, body.
    package func differences(_ view: RequestView) -> [Difference] {
        var differences: [Difference] = []
        for condition in conditions {
            let values = Self.values(condition, view)
            guard !condition.predicate.holds(for: values) else { continue }
            let actual = values.isEmpty ? "absent" : values.map { "\"\($0)\"" }.joined(separator: ", ")
            differences.append(
                Difference(
                    field: "\(condition.source.rawValue) \(condition.name)", expected: condition.predicate.description,
                    actual: Difference.shortened(actual)))
        }
        if let body, !body.holds(for: .body(view)) {
            differences.append(
                Difference(field: "body", expected: body.description, actual: body.describeSubject(.body(view))))
        }
        return differences
    }

    private static func values(_ condition: Condition, _ view: RequestView) -> [String] {
        switch condition.source {
        case .query: view.queryValues(condition.name)
        case .header: view.headers(condition.name)
        case .cookie: view.cookieValues(condition.name)
        }
    }
}
