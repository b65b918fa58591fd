package import Domain
package import JSON

/// A schema ready to check values and to make them. Safe to use from many threads.
package final class CompiledSchema: Sendable {
    let root: SchemaNode
    /// Owns what references lead to.
    let set: SchemaSet

    init(root: SchemaNode, set: SchemaSet) {
        self.root = root
        self.set = set
    }

    /// What is wrong with `value`: empty when it is valid, else at most `limit` violations, each with the place in the value,
    /// the keyword in snake case as code, and a message that says what would be right. `direction` decides whether
    /// `readOnly` and `writeOnly` properties are required; nil: all are.
    ///
    /// Work is bounded: a value that cannot be checked within the bounds has a violation with the code `too_complex`.
    package func validate(
        _ value: JSON, direction: MessageDirection? = nil, limit: Int = 100
    ) -> [Violation] {
        var validation = SchemaValidation(set: set, direction: direction, limit: limit)
        return validation.run(root, value)
    }

    /// Whether `value` is valid; cheaper than collecting what is wrong.
    package func accepts(_ value: JSON, direction: MessageDirection? = nil) -> Bool {
        var validation = SchemaValidation(set: set, direction: direction, limit: 0)
        return validation.run(root, value).isEmpty && validation.isAccepted
    }
}
