import JSON

/// `.name`, `[…]`, or with `..` before it also at every descendant.
struct JSONPathSegment: Sendable {
    var isDescendant: Bool
    var selectors: [JSONPathSelector]
}

enum JSONPathSelector: Sendable {
    case name(String)
    case wildcard
    case index(Int)
    case slice(start: Int?, end: Int?, step: Int)
    case filter(JSONPathCondition)
}

/// A query inside a filter: from the current node (`@`) or the root (`$`).
struct JSONPathQuery: Sendable {
    var isRelative: Bool
    var segments: [JSONPathSegment]

    /// Whether the syntax alone says that it selects one node at most.
    var isSingular: Bool {
        segments.allSatisfy { segment in
            guard !segment.isDescendant, segment.selectors.count == 1 else { return false }
            switch segment.selectors[0] {
            case .name, .index: return true
            case .wildcard, .slice, .filter: return false
            }
        }
    }
}

indirect enum JSONPathCondition: Sendable {
    case any([JSONPathCondition])
    case all([JSONPathCondition])
    case not(JSONPathCondition)
    case exists(JSONPathQuery)
    case compare(JSONPathOperand, JSONPathComparison, JSONPathOperand)
    case matches(JSONPathOperand, JSONPathPattern, isWhole: Bool)
}

enum JSONPathComparison: Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

/// What yields one value or nothing.
indirect enum JSONPathOperand: Sendable {
    case literal(JSON)
    /// Singular.
    case query(JSONPathQuery)
    case length(JSONPathOperand)
    case count(JSONPathQuery)
    case value(JSONPathQuery)
}

/// The regular expression of `match` and `search`: known beforehand or read from the data.
enum JSONPathPattern: Sendable {
    case compiled(RegularExpression)
    case operand(JSONPathOperand)

    /// An I-Regexp (RFC 9485) as our engine reads it: there `.` stands for all but line feed and carriage return.
    static func compile(_ text: String, isWhole: Bool) throws(PatternError) -> RegularExpression {
        var pattern = isWhole ? "^(?:" : ""
        var isEscaped = false
        var isInClass = false
        for scalar in text.unicodeScalars {
            if scalar == ".", !isEscaped, !isInClass {
                pattern += "[^\\n\\r]"
                continue
            }
            if !isEscaped, scalar == "[" { isInClass = true }
            if !isEscaped, scalar == "]" { isInClass = false }
            isEscaped = scalar == "\\" && !isEscaped
            pattern.unicodeScalars.append(scalar)
        }
        return try RegularExpression(isWhole ? pattern + ")$" : pattern)
    }
}
