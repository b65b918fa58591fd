import JSON

/// Recursive descent over the bytes of a query.
struct JSONPathParser {
    typealias Failure = JSONPath.ParseError

    /// How deep filters, parentheses and functions may stand in each other.
    private static let maximalDepth = 32
    /// Integers are those that every JSON reader keeps exact.
    private static let integers = -(1 << 53) + 1...(1 << 53) - 1

    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    static func parse(_ text: String) throws(Failure) -> [JSONPathSegment] {
        var parser = JSONPathParser(bytes: Array(text.utf8))
        guard parser.bytes.count <= JSONPath.maximalLength else {
            throw Failure(message: "the query is longer than \(JSONPath.maximalLength) bytes", column: 1)
        }
        guard parser.consume("$") else { throw parser.failure("\"$\" is expected") }
        let segments = try parser.segments()
        guard parser.offset == parser.bytes.count else {
            throw parser.failure("\".\", \"[\" or the end of the query is expected")
        }
        return segments
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Segments and selectors

    private mutating func segments() throws(Failure) -> [JSONPathSegment] {
        var segments: [JSONPathSegment] = []
        while true {
            let start = offset
            skipSpace()
            if peek("[") {
                segments.append(JSONPathSegment(isDescendant: false, selectors: try bracketed()))
            } else if consume("..") {
                let selectors = peek("[") ? try bracketed() : [try dotted()]
                segments.append(JSONPathSegment(isDescendant: true, selectors: selectors))
            } else if consume(".") {
                segments.append(JSONPathSegment(isDescendant: false, selectors: [try dotted()]))
            } else {
                // Space belongs to what follows, and at the end of the query to nothing.
                offset = start
                return segments
            }
        }
    }

    private mutating func dotted() throws(Failure) -> JSONPathSelector {
        if consume("*") { return .wildcard }
        let start = offset
        while let byte = current, Self.isNameFirst(byte) || offset > start && Self.isDigit(byte) { offset += 1 }
        guard offset > start else { throw failure("a member name or \"*\" is expected") }
        return .name(text(start..<offset))
    }

    private mutating func bracketed() throws(Failure) -> [JSONPathSelector] {
        try expect("[")
        var selectors: [JSONPathSelector] = []
        repeat {
            skipSpace()
            selectors.append(try selector())
            skipSpace()
        } while consume(",")
        try expect("]")
        return selectors
    }

    private mutating func selector() throws(Failure) -> JSONPathSelector {
        switch current {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .name(try string())
        case UInt8(ascii: "*"):
            offset += 1
            return .wildcard
        case UInt8(ascii: "?"):
            offset += 1
            skipSpace()
            return .filter(try condition())
        default: return try indexOrSlice()
        }
    }

    private mutating func indexOrSlice() throws(Failure) -> JSONPathSelector {
        let start = try integer()
        let afterStart = offset
        skipSpace()
        guard consume(":") else {
            offset = afterStart
            guard let start else { throw failure("a name, an index, a slice, \"*\" or a filter is expected") }
            return .index(start)
        }
        skipSpace()
        let end = try integer()
        skipSpace()
        var step: Int?
        if consume(":") {
            skipSpace()
            step = try integer()
        }
        return .slice(start: start, end: end, step: step ?? 1)
    }

    /// Nil where no integer begins.
    private mutating func integer() throws(Failure) -> Int? {
        let start = offset
        let isNegative = consume("-")
        let digits = offset
        skipDigits()
        guard offset > digits else {
            if isNegative { throw failure("a digit is expected") }
            return nil
        }
        let hasLeadingZero = bytes[digits] == UInt8(ascii: "0") && (offset - digits > 1 || isNegative)
        guard !hasLeadingZero, let value = Int(text(start..<offset)), Self.integers.contains(value) else {
            throw failure("an integer from -(2^53)+1 to (2^53)-1 without a leading zero is expected", at: start)
        }
        return value
    }

    // MARK: Filters

    private mutating func condition() throws(Failure) -> JSONPathCondition {
        try enter()
        var alternatives = [try conjunction()]
        while followedBy("||") { alternatives.append(try conjunction()) }
        depth -= 1
        return alternatives.count == 1 ? alternatives[0] : .any(alternatives)
    }

    private mutating func conjunction() throws(Failure) -> JSONPathCondition {
        var parts = [try basicCondition()]
        while followedBy("&&") { parts.append(try basicCondition()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    /// Takes `text` with the space around it, or nothing.
    private mutating func followedBy(_ text: StaticString) -> Bool {
        let start = offset
        skipSpace()
        if consume(text) {
            skipSpace()
            return true
        }
        offset = start
        return false
    }

    private mutating func basicCondition() throws(Failure) -> JSONPathCondition {
        if consume("!") {
            skipSpace()
            return .not(try peek("(") ? parenthesised() : test())
        }
        return try peek("(") ? parenthesised() : testOrComparison()
    }

    private mutating func parenthesised() throws(Failure) -> JSONPathCondition {
        try expect("(")
        skipSpace()
        let condition = try condition()
        skipSpace()
        try expect(")")
        return condition
    }

    /// An existence test or a function that is true or false, as may follow `!`.
    private mutating func test() throws(Failure) -> JSONPathCondition {
        let start = offset
        if peek("@") || peek("$") { return .exists(try query()) }
        guard case .condition(let condition)? = try function() else {
            throw failure("a query, \"match(…)\" or \"search(…)\" is expected", at: start)
        }
        return condition
    }

    private mutating func testOrComparison() throws(Failure) -> JSONPathCondition {
        let start = offset
        let left: JSONPathOperand
        if peek("@") || peek("$") {
            let query = try query()
            guard let comparison = comparison() else { return .exists(query) }
            guard query.isSingular else {
                throw failure("a query that is compared must select one node at most", at: start)
            }
            return .compare(.query(query), comparison, try comparable())
        }
        switch try function() {
        case .condition(let condition):
            if comparison() != nil { throw failure("\"match\" and \"search\" cannot be compared", at: start) }
            return condition
        case .operand(let operand): left = operand
        case nil: left = .literal(try literal())
        }
        guard let comparison = comparison() else { throw failure("a comparison such as \"==\" is expected") }
        return .compare(left, comparison, try comparable())
    }

    private mutating func comparison() -> JSONPathComparison? {
        let operators: [(StaticString, JSONPathComparison)] = [
            ("==", .equal), ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("<", .less),
            (">", .greater),
        ]
        return operators.first { followedBy($0.0) }?.1
    }

    private mutating func comparable() throws(Failure) -> JSONPathOperand {
        let start = offset
        if peek("@") || peek("$") {
            let query = try query()
            guard query.isSingular else {
                throw failure("a query that is compared must select one node at most", at: start)
            }
            return .query(query)
        }
        switch try function() {
        case .operand(let operand): return operand
        case .condition: throw failure("\"match\" and \"search\" cannot be compared", at: start)
        case nil: return .literal(try literal())
        }
    }

    private mutating func query() throws(Failure) -> JSONPathQuery {
        let isRelative = peek("@")
        offset += 1
        return JSONPathQuery(isRelative: isRelative, segments: try segments())
    }

    // MARK: Functions

    private enum Function {
        case operand(JSONPathOperand)
        case condition(JSONPathCondition)
    }

    /// Nil, with nothing taken, where no name with a parenthesis stands.
    private mutating func function() throws(Failure) -> Function? {
        let start = offset
        while let byte = current, (97...122).contains(byte) || offset > start && (Self.isDigit(byte) || byte == 95) {
            offset += 1
        }
        let name = text(start..<offset)
        guard offset > start, consume("(") else {
            offset = start
            return nil
        }
        try enter()
        skipSpace()
        let result: Function
        switch name {
        case "length": result = .operand(.length(try comparable()))
        case "count": result = .operand(.count(try nodesArgument(name)))
        case "value": result = .operand(.value(try nodesArgument(name)))
        case "match", "search": result = .condition(try patternTest(isWhole: name == "match"))
        default: throw failure("no such function \"\(name)\"; there are length, count, value, match, search", at: start)
        }
        skipSpace()
        try expect(")")
        depth -= 1
        return result
    }

    private mutating func nodesArgument(_ name: String) throws(Failure) -> JSONPathQuery {
        guard peek("@") || peek("$") else { throw failure("\"\(name)\" takes a query") }
        return try query()
    }

    private mutating func patternTest(isWhole: Bool) throws(Failure) -> JSONPathCondition {
        let subject = try comparable()
        skipSpace()
        try expect(",")
        skipSpace()
        let start = offset
        let operand = try comparable()
        guard case .literal(.string(let text)) = operand else {
            return .matches(subject, .operand(operand), isWhole: isWhole)
        }
        do {
            return .matches(subject, .compiled(try JSONPathPattern.compile(text, isWhole: isWhole)), isWhole: isWhole)
        } catch {
            throw failure("the regular expression cannot be used: \(error.message)", at: start)
        }
    }

    // MARK: Literals

    private mutating func literal() throws(Failure) -> JSON {
        switch current {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return .number(try number())
        default:
            if consume("true") { return .bool(true) }
            if consume("false") { return .bool(false) }
            if consume("null") { return .null }
            throw failure("a literal, a query or a function is expected")
        }
    }

    private mutating func number() throws(Failure) -> JSONNumber {
        let start = offset
        _ = consume("-")
        let digits = offset
        skipDigits()
        let isProper = offset == digits + 1 || offset > digits && bytes[digits] != UInt8(ascii: "0")
        guard isProper else { throw failure("a number is expected", at: start) }
        if consume(".") { try expectDigits() }
        if consume("e") || consume("E") {
            if !consume("+") { _ = consume("-") }
            try expectDigits()
        }
        return JSONNumber(validLiteral: text(start..<offset))
    }

    private mutating func string() throws(Failure) -> String {
        let quote = bytes[offset]
        let start = offset
        offset += 1
        var result: [UInt8] = []
        while let byte = current {
            switch byte {
            case quote:
                offset += 1
                return String(decoding: result, as: UTF8.self)
            case 0..<0x20: throw failure("a control character must be escaped in a string")
            case UInt8(ascii: "\\"):
                offset += 1
                result += Array(String(Character(try escape(in: quote))).utf8)
            default:
                result.append(byte)
                offset += 1
            }
        }
        throw failure("the string that begins here has no end", at: start)
    }

    private mutating func escape(in quote: UInt8) throws(Failure) -> Unicode.Scalar {
        guard let letter = current else { throw failure("the query ends inside a string") }
        offset += 1
        switch letter {
        case quote, UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let start = offset
            let high = try hexadecimalUnit()
            if let scalar = Unicode.Scalar(high) { return scalar }
            if high < 0xDC00, consume("\\u") {
                let low = try hexadecimalUnit()
                if (0xDC00...0xDFFF).contains(low),
                    let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + UInt32(low) - 0xDC00)
                {
                    return scalar
                }
            }
            throw failure("a lone surrogate is not a character", at: start)
        default: throw failure("no such escape in a string", at: offset - 1)
        }
    }

    private mutating func hexadecimalUnit() throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = PathEncoding.hexadecimalValue(byte) else {
                throw failure("four hexadecimal digits are expected after \\u")
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }

    // MARK: Bytes

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func peek(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset + length <= bytes.count else { return false }
        return (0..<length).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
    }

    private mutating func consume(_ text: StaticString) -> Bool {
        guard peek(text) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    private mutating func expect(_ text: StaticString) throws(Failure) {
        if !consume(text) { throw failure("\"\(text)\" is expected") }
    }

    private mutating func expectDigits() throws(Failure) {
        let start = offset
        skipDigits()
        if offset == start { throw failure("a digit is expected") }
    }

    private mutating func skipDigits() {
        while let byte = current, Self.isDigit(byte) { offset += 1 }
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }

    private mutating func enter() throws(Failure) {
        depth += 1
        if depth > Self.maximalDepth { throw failure("nesting is deeper than \(Self.maximalDepth) levels") }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func failure(_ message: String, at place: Int? = nil) -> Failure {
        Failure(message: message, column: (place ?? offset) + 1)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// Letters, `_`, and every character beyond ASCII.
    private static func isNameFirst(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }
}
