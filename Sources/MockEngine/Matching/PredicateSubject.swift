import JSON

/// What a predicate is about: the text of a parameter, a JSON value that a query selected, or the body of a request.
enum PredicateSubject {
    case absent
    case text(String)
    case value(JSON)
    case body(RequestView)

    var isAbsent: Bool {
        switch self {
        case .absent: true
        case .text, .value: false
        case .body(let view): view.request.body.isEmpty
        }
    }

    /// Nil for arrays, objects and null, and for bodies that are not UTF-8.
    var text: String? {
        switch self {
        case .absent: nil
        case .text(let text): text
        case .body(let view): view.bodyText
        case .value(let value):
            switch value {
            case .string(let text): text
            case .number(let number): number.literal
            case .bool(let bool): bool ? "true" : "false"
            case .null, .array, .object: nil
            }
        }
    }

    /// Nil where the text is not JSON.
    var json: JSON? {
        switch self {
        case .absent: nil
        case .text(let text): try? JSON.parse(text)
        case .value(let value): value
        case .body(let view): view.bodyJSON
        }
    }
}
