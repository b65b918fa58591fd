import Domain
import JSON

/// One condition, with its regular expressions and queries compiled.
indirect enum CompiledPredicate: Sendable {
    case equals(JSON)
    case contains(TextSearch)
    case matches(RegularExpression)
    case includes(JSON)
    case jsonPath(JSONPath, CompiledPredicate?)
    case absent
    case not(CompiledPredicate)
    case any([CompiledPredicate])
    case all([CompiledPredicate])

    /// Nil, with violations noted, where a part cannot be compiled.
    init?(_ predicate: Predicate, at pointer: JSONPointer, violations: Violations) {
        func compile(_ list: [Predicate]) -> [CompiledPredicate]? {
            let compiled = list.compactMap { CompiledPredicate($0, at: pointer, violations: violations) }
            return compiled.count == list.count ? compiled : nil
        }
        switch predicate {
        case .equals(let value): self = .equals(value)
        case .contains(let text): self = .contains(TextSearch(text))
        case .includes(let value): self = .includes(value)
        case .absent: self = .absent
        case .matches(let pattern):
            do {
                self = .matches(try RegularExpression(pattern))
            } catch {
                violations.add(
                    pointer, "invalid_pattern", "is not a regular expression that can be used: \(error.message)")
                return nil
            }
        case .jsonPath(let text, let inner):
            do {
                let path = try JSONPath(text)
                guard let inner else {
                    self = .jsonPath(path, nil)
                    return
                }
                guard let inner = compile([inner])?.first else { return nil }
                self = .jsonPath(path, inner)
            } catch {
                violations.add(pointer, "invalid_json_path", "is not a JSONPath query: \(error)")
                return nil
            }
        case .not(let inner):
            guard let inner = compile([inner])?.first else { return nil }
            self = .not(inner)
        case .any(let list):
            guard let list = compile(list) else { return nil }
            self = .any(list)
        case .all(let list):
            guard let list = compile(list) else { return nil }
            self = .all(list)
        }
    }

    /// Of several values one must satisfy the whole predicate; without any the subject is absent.
    func holds(for values: [String]) -> Bool {
        values.isEmpty ? holds(for: .absent) : values.contains { holds(for: .text($0)) }
    }

    func holds(for subject: PredicateSubject) -> Bool {
        switch self {
        case .equals(let value): return Self.isEqual(subject, value)
        case .contains(let search): return subject.text.map(search.found) ?? false
        case .matches(let expression): return subject.text.map(expression.found) ?? false
        case .includes(let pattern):
            var inclusion = JSONInclusion()
            return subject.json.map { inclusion.holds(pattern, in: $0) } ?? false
        case .absent: return subject.isAbsent
        case .not(let inner): return !inner.holds(for: subject)
        case .any(let list): return list.contains { $0.holds(for: subject) }
        case .all(let list): return list.allSatisfy { $0.holds(for: subject) }
        case .jsonPath(let path, let inner):
            let nodes = subject.json.map { path.select(in: $0) } ?? []
            guard let inner else { return !nodes.isEmpty }
            if nodes.isEmpty { return inner.isAboutAbsence && inner.holds(for: .absent) }
            return nodes.contains { inner.holds(for: .value($0)) }
        }
    }

    /// Whether the predicate can mean a value that is not there; `not` alone does not.
    private var isAboutAbsence: Bool {
        switch self {
        case .absent: true
        case .equals, .contains, .matches, .includes, .jsonPath: false
        case .not(let inner): inner.isAboutAbsence
        case .any(let list), .all(let list): list.contains(where: \.isAboutAbsence)
        }
    }

    /// Equality of JSON values where the subject is JSON; a string also equals the text itself.
    private static func isEqual(_ subject: PredicateSubject, _ value: JSON) -> Bool {
        switch subject {
        case .absent: return false
        case .value(let actual): return actual == value
        case .text, .body:
            if case .string(let text) = value, subject.text == text, !subject.isAbsent { return true }
            if case .text = subject, case .string = value { return false }
            return subject.json == value
        }
    }
}

/// Whether a pattern's members and elements are in a value too.
struct JSONInclusion {
    /// Pairs of values that are compared, at most; what costs more does not match.
    private var remaining = 500_000

    mutating func holds(_ pattern: JSON, in value: JSON) -> Bool {
        remaining -= 1
        guard remaining > 0 else { return false }
        switch (pattern, value) {
        case (.object(let wanted), .object(let present)):
            for (key, part) in wanted {
                guard let other = present[key], holds(part, in: other) else { return false }
            }
            return true
        case (.array(let wanted), .array(let present)):
            for part in wanted where !isFound(part, in: present) { return false }
            return true
        default: return pattern == value
        }
    }

    private mutating func isFound(_ part: JSON, in elements: [JSON]) -> Bool {
        for element in elements where holds(part, in: element) { return true }
        return false
    }
}
