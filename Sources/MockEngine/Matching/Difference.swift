package import JSON

/// One point in which a request is not what a route wants, in words for people.
package struct Difference: Sendable, Hashable {
    /// `method`, `path`, `query page`, `header x-env`, `cookie session` or `body`.
    package var field: String
    /// What the route wants.
    package var expected: String
    /// What the request has.
    package var actual: String

    package init(field: String, expected: String, actual: String) {
        self.field = field
        self.expected = expected
        self.actual = actual
    }

    package var json: JSON {
        ["field": .string(field), "expected": .string(expected), "actual": .string(actual)]
    }

    /// `text` or, where it is long, its beginning.
    static func shortened(_ text: String, to limit: Int = 200) -> String {
        text.utf8.count <= limit ? text : String(text.prefix(limit)) + "…"
    }
}
