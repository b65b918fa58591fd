package import JSON

/// A value made from a schema.
package struct SchemaExample: Sendable {
    package let value: JSON
    /// False when no value was found that satisfies the schema: `value` is then the best that could be made.
    package let isValid: Bool
}

extension CompiledSchema {
    private static let attempts = 24
    /// Values made and checked over all attempts; a schema that takes more is unlikely to be satisfied at all.
    private static let workLimit = 20_000

    /// A value that satisfies the schema wherever one is found; always small, and the same for the same random numbers.
    /// `writeOnly` properties are left out of responses, `readOnly` ones out of requests.
    package func example(
        using random: inout some RandomNumberGenerator, direction: MessageDirection
    ) -> JSON {
        makeExample(using: &random, direction: direction).value
    }

    /// As `example(using:direction:)`, and says whether the value satisfies the schema.
    package func makeExample(
        using random: inout some RandomNumberGenerator, direction: MessageDirection
    ) -> SchemaExample {
        var first: JSON?
        var work = 0
        for attempt in 0..<Self.attempts {
            var builder = ExampleBuilder(set: set, direction: direction, seed: random.next(), attempt: attempt)
            let value = builder.value(for: [root], name: nil)
            if accepts(value, direction: direction) { return SchemaExample(value: value, isValid: true) }
            if first == nil { first = value }
            work += builder.work
            if work > Self.workLimit { break }
        }
        return SchemaExample(value: first ?? .null, isValid: false)
    }
}
