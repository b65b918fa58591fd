package import Domain

/// The query of a request, decoded; reading notes each violation so that the answer lists them all.
package struct QueryParameters: Sendable {
    private let values: [(name: String, value: String)]
    /// What was wrong with the query as a whole: unknown names, names given twice, broken encoding.
    private let standing: [Violation]

    /// - Parameter known: the names that the endpoint takes; others are refused by name.
    init(_ query: Substring, known: [String]) {
        var values: [(name: String, value: String)] = []
        var standing: [Violation] = []
        for pair in query.split(separator: "&").prefix(100) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = try? PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = try? PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                standing.append(
                    Violation(
                        pointer: "query:\(parts[0])", code: "invalid_encoding",
                        message: "is not percent-encoded UTF-8 text"))
                continue
            }
            if !known.contains(name) {
                let names = known.isEmpty ? "none" : known.map { "\"\($0)\"" }.joined(separator: ", ")
                standing.append(
                    Violation(
                        pointer: "query:\(name)", code: "unknown_parameter",
                        message: "is not a known parameter; known are \(names)"))
            } else if values.contains(where: { $0.name == name }) {
                standing.append(
                    Violation(pointer: "query:\(name)", code: "duplicate_parameter", message: "may be given once"))
            } else {
                values.append((name, value))
            }
        }
        self.values = values
        self.standing = standing
    }

    /// Throws when the query as a whole is wrong: for endpoints that take no parameters.
    func check() throws(Problem) {
        if !standing.isEmpty { throw Problem.invalid(standing) }
    }

    /// A collection that begins with what is wrong with the query as a whole. Every endpoint that takes parameters reads
    /// them with it, so that the answer lists wrong values beside unknown names.
    func violations() -> Violations {
        let violations = Violations()
        for violation in standing { violations.add(violation) }
        return violations
    }

    package func contains(_ name: String) -> Bool { values.contains { $0.name == name } }

    /// The parameter as it was sent.
    package subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    /// An integer within `range`; nil when absent, or when wrong, which `violations` then holds.
    package func integer(_ name: String, in range: ClosedRange<Int>, _ violations: Violations) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let upper = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
            refuse(name, "out_of_range", "must be an integer, \(range.lowerBound) \(upper)", violations)
            return nil
        }
        return value
    }

    package func bool(_ name: String, _ violations: Violations) -> Bool? {
        switch self[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        default:
            refuse(name, "invalid_type", "must be true or false", violations)
            return nil
        }
    }

    package func timestamp(_ name: String, _ violations: Violations) -> Timestamp? {
        guard let text = self[name] else { return nil }
        guard let value = Timestamp(rfc3339: text) else {
            refuse(name, "invalid_format", "must be an RFC 3339 time such as 2026-01-31T09:05:00Z", violations)
            return nil
        }
        return value
    }

    package func choice<Choice>(_ name: String, _ type: Choice.Type, _ violations: Violations) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = self[name] else { return nil }
        guard let value = Choice(rawValue: text) else {
            let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            refuse(name, "invalid_value", "must be one of \(names)", violations)
            return nil
        }
        return value
    }

    package func refuse(_ name: String, _ code: String, _ message: String, _ violations: Violations) {
        violations.add(Violation(pointer: "query:\(name)", code: code, message: message))
    }
}
