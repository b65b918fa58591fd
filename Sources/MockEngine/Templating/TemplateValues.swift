import JSON

extension JSON? {
    /// What counts as false: missing, null, false, 0, an empty text and an empty array.
    var isTruthy: Bool {
        switch self {
        case nil, .null: false
        case .bool(let value): value
        case .number(let value): value.double != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object: true
        }
    }

    /// Missing, null or an empty text: what `default` replaces.
    var isBlank: Bool {
        switch self {
        case nil, .null: true
        case .string(let text): text.isEmpty
        default: false
        }
    }

    var text: String { self?.plainText ?? "" }
}

extension JSON {
    /// The value as text: a string without quotes, nothing for null, JSON text for arrays and objects.
    var plainText: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(let value): value.literal
        case .string(let text): text
        case .array, .object: self.text
        }
    }

    /// The steps that going through the whole value takes: one for each value, member and 16 bytes of text.
    var weight: Int {
        switch self {
        case .null, .bool, .number: 1
        case .string(let text): 1 + text.utf8.count >> 4
        case .array(let elements): elements.reduce(1) { $0 + $1.weight }
        case .object(let object): object.reduce(1) { $0 + 1 + $1.key.utf8.count >> 4 + $1.value.weight }
        }
    }

    func writeText(to bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .string(let text): bytes.append(contentsOf: text.utf8)
        default: write(to: &bytes)
        }
    }

    /// The number that it is or spells: request values are texts, and `{{#if (gt request.query.page 1)}}` means numbers.
    var looseNumber: Double? {
        switch self {
        case .number(let value): value.double.isFinite ? value.double : nil
        case .string(let text): jsonNumber(text)?.double
        default: nil
        }
    }

    /// A whole number without a fraction wherever the double allows it.
    static func number(of value: Double) -> JSON? {
        guard value.isFinite else { return nil }
        if let integer = Int(exactly: value), abs(value) <= 0x1p53 { return JSON(integer) }
        return JSON(value)
    }

    /// Equality across types: a text equals the number or the boolean that it spells.
    func equalsLoosely(_ other: JSON) -> Bool {
        switch (self, other) {
        case (.number, .string), (.string, .number):
            if let left = looseNumber, let right = other.looseNumber { return left == right }
            return false
        case (.bool(let value), .string(let text)), (.string(let text), .bool(let value)):
            return text == (value ? "true" : "false")
        default:
            return self == other
        }
    }
}

/// The number that `text` spells as JSON does, white space around it aside.
func jsonNumber(_ text: String) -> JSONNumber? {
    guard text.utf8.count <= 64, let number = try? JSON.parse(text).number, number.double.isFinite else { return nil }
    return number
}
