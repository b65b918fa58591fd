/// Bounds on what a stranger's JSON text may make us build.
package struct JSONLimits: Sendable {
    /// Deepest nesting of arrays and objects.
    package var depth: Int
    /// Whether a key may stand twice in one object; the last one then wins.
    package var allowsDuplicateKeys: Bool

    package init(depth: Int = 128, allowsDuplicateKeys: Bool = false) {
        self.depth = depth
        self.allowsDuplicateKeys = allowsDuplicateKeys
    }
}

/// Why a text is not JSON, and where.
package struct JSONParseError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    /// Offset in bytes from the start of the text.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in bytes.
    package let column: Int

    package var description: String { "\(message) at line \(line), column \(column)" }
}

extension JSON {
    /// Parses one JSON text (RFC 8259, UTF-8, nothing after the value but white space).
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONParseError) -> JSON {
        let result: Result<JSON, JSONParseError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(buffer, limits: limits)
            return Result { () throws(JSONParseError) in try parser.document() }
        }
        return try result.get()
    }

    package static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONParseError) -> JSON {
        try parse(Array(text.utf8), limits: limits)
    }
}

/// Recursive descent over bytes that outlive the parser.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: JSONLimits
    private(set) var offset = 0
    private var depth = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONParseError) -> JSON {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { offset = 3 }
        let value = try self.value()
        skipWhiteSpace()
        if offset < bytes.count { throw failure("unexpected text after the value") }
        return value
    }

    mutating func value() throws(JSONParseError) -> JSON {
        skipWhiteSpace()
        guard offset < bytes.count else { throw failure("the text ends where a value is expected") }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default: throw failure("a value is expected")
        }
    }

    private mutating func object() throws(JSONParseError) -> JSONObject {
        try enter()
        var keys: [String] = []
        var values: [JSON] = []
        var seen = Set<MemberName>()
        var hasDuplicates = false
        skipWhiteSpace()
        if !consume(UInt8(ascii: "}")) {
            repeat {
                skipWhiteSpace()
                guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
                    throw failure("a member name in double quotes is expected")
                }
                let start = offset
                let key = try string()
                // Few members are compared one by one; hashing pays only in large objects.
                let isDuplicate: Bool
                if keys.count < 12 {
                    isDuplicate = keys.contains { $0.isSpelled(like: key) }
                } else {
                    if seen.isEmpty { for key in keys { seen.insert(MemberName(text: key)) } }
                    isDuplicate = !seen.insert(MemberName(text: key)).inserted
                }
                if isDuplicate {
                    guard limits.allowsDuplicateKeys else {
                        throw failure("the member name \"\(key)\" stands twice in one object", at: start)
                    }
                    hasDuplicates = true
                }
                skipWhiteSpace()
                guard consume(UInt8(ascii: ":")) else { throw failure("':' is expected after a member name") }
                keys.append(key)
                values.append(try value())
                skipWhiteSpace()
            } while consume(UInt8(ascii: ","))
            guard consume(UInt8(ascii: "}")) else { throw failure("',' or '}' is expected") }
        }
        depth -= 1
        return hasDuplicates ? JSONObject(zip(keys, values)) : JSONObject(uniqueKeys: keys, values: values)
    }

    private mutating func array() throws(JSONParseError) -> [JSON] {
        try enter()
        var elements: [JSON] = []
        skipWhiteSpace()
        if !consume(UInt8(ascii: "]")) {
            repeat {
                elements.append(try value())
                skipWhiteSpace()
            } while consume(UInt8(ascii: ","))
            guard consume(UInt8(ascii: "]")) else { throw failure("',' or ']' is expected") }
        }
        depth -= 1
        return elements
    }

    private mutating func enter() throws(JSONParseError) {
        depth += 1
        if depth > limits.depth { throw failure("nesting is deeper than \(limits.depth) levels") }
        offset += 1
    }

    private mutating func number() throws(JSONParseError) -> JSONNumber {
        let start = offset
        _ = consume(UInt8(ascii: "-"))
        if consume(UInt8(ascii: "0")) {
            if offset < bytes.count, isDigit(bytes[offset]) { throw failure("a number must not begin with 0") }
        } else if !skipDigits() {
            throw failure("a digit is expected")
        }
        var isInteger = true
        if consume(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() else { throw failure("a digit is expected after '.'") }
        }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            isInteger = false
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            guard skipDigits() else { throw failure("a digit is expected in the exponent") }
        }
        if isInteger, offset - start <= 18 {
            var magnitude = 0
            var position = start
            let isNegative = bytes[start] == UInt8(ascii: "-")
            if isNegative { position += 1 }
            while position < offset {
                magnitude = magnitude * 10 + Int(bytes[position] - 48)
                position += 1
            }
            if !(isNegative && magnitude == 0) { return JSONNumber(isNegative ? -magnitude : magnitude) }
        }
        return JSONNumber(validLiteral: String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    private mutating func string() throws(JSONParseError) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                let text = try text(start..<offset)
                offset += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            if byte < 0x20 { throw failure("a control character must be escaped in a string") }
            offset += 1
        }
        throw failure("the text ends inside a string")
    }

    private mutating func escapedString(from start: Int) throws(JSONParseError) -> String {
        var result = try text(start..<offset)
        var plain = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                result += try text(plain..<offset)
                offset += 1
                return result
            }
            if byte < 0x20 { throw failure("a control character must be escaped in a string") }
            if byte == UInt8(ascii: "\\") {
                result += try text(plain..<offset)
                result.unicodeScalars.append(try escape())
                plain = offset
            } else {
                offset += 1
            }
        }
        throw failure("the text ends inside a string")
    }

    private mutating func escape() throws(JSONParseError) -> Unicode.Scalar {
        let start = offset
        guard offset + 1 < bytes.count else { throw failure("the text ends inside a string") }
        let letter = bytes[offset + 1]
        offset += 2
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let high = try hexadecimalUnit()
            if let scalar = Unicode.Scalar(high) { return scalar }
            guard high < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            else { throw failure("a lone surrogate is not a character", at: start) }
            offset += 2
            let low = try hexadecimalUnit()
            guard (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + UInt32(low) - 0xDC00)
            else { throw failure("a lone surrogate is not a character", at: start) }
            return scalar
        default: throw failure("no such escape in a string", at: start)
        }
    }

    private mutating func hexadecimalUnit() throws(JSONParseError) -> UInt16 {
        guard offset + 4 <= bytes.count else { throw failure("four hexadecimal digits are expected after \\u") }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch bytes[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[offset] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[offset] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[offset] - UInt8(ascii: "A") + 10
            default: throw failure("four hexadecimal digits are expected after \\u")
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }

    private func text(_ range: Range<Int>) throws(JSONParseError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw failure("a string is not valid UTF-8", at: range.lowerBound)
        }
        return text
    }

    private mutating func word(_ text: StaticString) throws(JSONParseError) {
        let length = text.utf8CodeUnitCount
        guard offset + length <= bytes.count else { throw failure("a value is expected") }
        for index in 0..<length where bytes[offset + index] != text.utf8Start[index] {
            throw failure("a value is expected")
        }
        offset += length
    }

    mutating func skipWhiteSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = offset
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
        return offset > start
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private func failure(_ message: String, at position: Int? = nil) -> JSONParseError {
        let place = position ?? offset
        var line = 1
        var lineStart = 0
        for index in 0..<min(place, bytes.count) where bytes[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return JSONParseError(message: message, offset: place, line: line, column: place - lineStart + 1)
    }
}
