package import JSON

/// A JSONPath query (RFC 9535), parsed once and then run on many values.
///
/// One point is stricter than the RFC: a regular expression that is written in the query and cannot be used is refused
/// here, where the RFC would let it silently match nothing.
package struct JSONPath: Sendable {
    /// Why a text is no query, and where.
    package struct ParseError: Error, Sendable, Hashable, CustomStringConvertible {
        package let message: String
        /// Counted from 1, in bytes.
        package let column: Int

        package var description: String { "\(message) at column \(column)" }
    }

    package static let maximalLength = 4096
    /// Nodes that one run looks at, at most, unless told otherwise.
    package static let stepLimit = 500_000

    package let text: String
    let segments: [JSONPathSegment]

    package init(_ text: String) throws(ParseError) {
        self.text = text
        segments = try JSONPathParser.parse(text)
    }

    /// The selected values, in the order of the document; none when the query looks at more than `limit` nodes.
    package func select(in value: JSON, limit: Int = stepLimit) -> [JSON] {
        var evaluation = JSONPathEvaluation(root: value, limit: limit)
        let nodes = evaluation.nodes(segments, from: value)
        return evaluation.isExhausted ? [] : nodes
    }
}
