/// A JSON number: an exact integer where it is one, else the nearest double with the spelling it came in.
package struct JSONNumber: Sendable {
    private enum Storage: Sendable {
        case integer(Int)
        case double(Double)
        /// A spelling that neither `Int` nor `Double` prints again, such as `1.50`, `1e3` or forty digits.
        case literal(String, Double)
    }

    private let storage: Storage

    package init(_ value: Int) { storage = .integer(value) }

    /// `value` must be finite: JSON has no other numbers. Anything else becomes 0.
    package init(_ value: Double) { storage = .double(value.isFinite ? value : 0) }

    /// A number from text that is known to follow the JSON grammar.
    package init(validLiteral text: String) {
        if let integer = Int(text), text != "-0" {
            storage = .integer(integer)
        } else {
            let double = Double(text) ?? 0
            storage = "\(double)" == text ? .double(double) : .literal(text, double)
        }
    }

    /// The nearest double; infinite for a literal such as `1e999`.
    package var double: Double {
        switch storage {
        case .integer(let value): Double(value)
        case .double(let value), .literal(_, let value): value
        }
    }

    /// The exact value.
    package var decimal: JSONDecimal { JSONDecimal(validLiteral: literal) }

    /// The value as an `Int` when it has no fractional part and fits: 3, 3.0 and 3e0 alike.
    package var integer: Int? {
        switch storage {
        case .integer(let value): value
        case .double(let value): abs(value) < 0x1p53 ? Int(exactly: value) : decimal.integer
        case .literal: decimal.integer
        }
    }

    /// True when the value has no fractional part, whatever its size.
    package var isIntegral: Bool {
        switch storage {
        case .integer: true
        case .double(let value): value.rounded(.towardZero) == value
        case .literal: decimal.isIntegral
        }
    }

    /// The spelling in JSON text.
    package var literal: String {
        switch storage {
        case .integer(let value): String(value)
        case .double(let value):
            // Swift spells 1e16 as "1e+16", which JSON allows; whole doubles keep their ".0".
            "\(value)"
        case .literal(let text, _): text
        }
    }
}

extension JSONNumber: Hashable, Comparable {
    package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        switch (left.storage, right.storage) {
        case (.integer(let a), .integer(let b)): return a == b
        case (.double(let a), .double(let b)): return a == b
        default:
            // Equal decimals have the same nearest double, so most pairs need no more than that.
            return left.double == right.double && left.decimal == right.decimal
        }
    }

    package static func < (left: JSONNumber, right: JSONNumber) -> Bool {
        switch (left.storage, right.storage) {
        case (.integer(let a), .integer(let b)): return a < b
        case (.double(let a), .double(let b)): return a < b
        default:
            if left.double != right.double { return left.double < right.double }
            return left.decimal < right.decimal
        }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(double)
        // Beyond what doubles tell apart the digits count too, else a stranger could choose numbers that all collide.
        switch storage {
        case .integer(let value) where value.magnitude < 1_000_000_000_000_000: break
        default:
            let decimal = decimal
            if decimal.digits.count > 15 { hasher.combine(decimal) }
        }
    }
}
