import JSON

extension CompiledPredicate: CustomStringConvertible {
    /// The condition in words, such as `contains "json" and not "text"`.
    var description: String { Difference.shortened(words) }

    private var words: String {
        switch self {
        case .equals(let value): Difference.shortened(value.text)
        case .contains(let search): "contains \(JSON.string(search.text).text)"
        case .matches(let expression): "matches /\(expression.pattern)/"
        case .includes(let value): "includes \(Difference.shortened(value.text))"
        case .absent: "absent"
        case .not(let inner): "not \(inner.grouped)"
        case .any(let list): list.map(\.grouped).joined(separator: " or ")
        case .all(let list): list.map(\.grouped).joined(separator: " and ")
        case .jsonPath(let path, nil): "\(path.text) is there"
        case .jsonPath(let path, let inner?): "\(path.text): \(inner.words)"
        }
    }

    private var grouped: String {
        switch self {
        case .any(let list) where list.count > 1, .all(let list) where list.count > 1: "(\(words))"
        default: words
        }
    }

    /// What the subject has, as far as this predicate looks at it.
    func describeSubject(_ subject: PredicateSubject) -> String {
        if subject.isAbsent { return "absent" }
        if case .jsonPath(let path, _) = self {
            guard let value = subject.json else { return "not JSON" }
            let nodes = path.select(in: value).prefix(10)
            let texts = nodes.map { Difference.shortened($0.text) }.joined(separator: ", ")
            return nodes.isEmpty ? "\(path.text) is not there" : Difference.shortened("\(path.text): \(texts)")
        }
        if case .value(let value) = subject { return Difference.shortened(value.text) }
        return subject.text.map { Difference.shortened($0) } ?? "not text"
    }
}
