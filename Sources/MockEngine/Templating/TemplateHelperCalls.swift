import JSON

/// What the helpers do. Arguments that make no sense give no value: rendering stops for limits alone.
extension TemplateRenderer {
    mutating func call(_ helper: TemplateHelper, _ arguments: [TemplateExpression]) throws(TemplateError) -> JSON? {
        switch helper {
        case .and, .or: return try firstDeciding(helper == .or, arguments)
        case .fallback:
            let value = try evaluate(arguments[0])
            return value.isBlank ? try evaluate(arguments[1]) : value
        case .choose:
            return try evaluate(try evaluate(arguments[0]).isTruthy ? arguments[1] : arguments[2])
        case .randomChoice:
            let choice = environment.random.next(below: arguments.count)
            let value = try evaluate(arguments[choice])
            guard arguments.count == 1, case .array(let elements) = value else { return value }
            return elements.isEmpty ? nil : elements[environment.random.next(below: elements.count)]
        default: break
        }
        var values: [JSON?] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments {
            let value = try evaluate(argument)
            if helper.readsWholeArguments, let value { try charge(value.weight) }
            values.append(value)
        }
        let result = try apply(helper, values)
        if case .string(let text) = result {
            try charge(text.utf8.count >> 4)
            try check(text.utf8.count)
        }
        return result
    }

    private func check(_ bytes: Int) throws(TemplateError) {
        let limit = environment.limits.outputBytes
        if bytes > limit { throw .limit("a text in the template is larger than \(limit) bytes") }
    }

    /// `or` gives the first value that counts as true, `and` the first that does not; else the last.
    private mutating func firstDeciding(
        _ deciding: Bool, _ arguments: [TemplateExpression]
    ) throws(TemplateError) -> JSON? {
        var value: JSON?
        for argument in arguments {
            value = try evaluate(argument)
            if value.isTruthy == deciding { break }
        }
        return value
    }

    private mutating func apply(_ helper: TemplateHelper, _ values: [JSON?]) throws(TemplateError) -> JSON? {
        switch helper {
        case .uuid, .randomInt, .randomFloat, .randomString, .randomAlphanumeric, .randomBool:
            return try random(helper, values)
        case .upper: return .string(values[0].text.uppercased())
        case .lower: return .string(values[0].text.lowercased())
        case .trim: return .string(trimmed(values[0].text))
        case .capitalize:
            let text = values[0].text
            return .string(text.prefix(1).uppercased() + text.dropFirst())
        case .substring: return substring(values)
        case .replace: return .string(try replaced(values[0].text, values[1].text, values[2].text))
        case .split: return .array(try parts(of: values[0].text, values[1].text))
        case .join: return try joined(values)
        case .concat:
            var bytes: [UInt8] = []
            for value in values {
                value?.writeText(to: &bytes)
                try check(bytes.count)
            }
            return .string(String(decoding: bytes, as: UTF8.self))
        case .length: return length(values[0])
        case .base64: return .string(Base64.encode(Array(values[0].text.utf8)))
        case .base64Decode:
            return Base64.decode(values[0].text).flatMap { String(validating: $0, as: UTF8.self) }.map(JSON.string)
        case .urlEncode: return .string(urlEncoded(values[0].text))
        case .startsWith: return JSON(values[0].text.utf8.starts(with: values[1].text.utf8))
        case .endsWith: return JSON(values[0].text.utf8.reversed().starts(with: values[1].text.utf8.reversed()))
        case .contains: return JSON(contains(values[0], values[1]))
        case .eq: return JSON((values[0] ?? .null).equalsLoosely(values[1] ?? .null))
        case .ne: return JSON(!(values[0] ?? .null).equalsLoosely(values[1] ?? .null))
        case .gt: return JSON(compare(values, >, >))
        case .gte: return JSON(compare(values, >=, >=))
        case .lt: return JSON(compare(values, <, <))
        case .lte: return JSON(compare(values, <=, <=))
        case .not: return JSON(!values[0].isTruthy)
        case .add: return fold(values, { $0.addingReportingOverflow($1) }, +)
        case .sub: return fold(values, { $0.subtractingReportingOverflow($1) }, -)
        case .mul: return fold(values, { $0.multipliedReportingOverflow(by: $1) }, *)
        case .div, .mod: return quotient(helper, values)
        case .round:
            guard let value = values[0]?.looseNumber else { return nil }
            return .number(of: rounded(value, decimals: values.count > 1 ? values[1]?.looseNumber : 0))
        case .json: return .string((values[0] ?? .null).text)
        case .string: return .string(values[0].text)
        case .number:
            if case .number? = values[0] { return values[0] }
            return jsonNumber(trimmed(values[0].text)).map(JSON.number)
        case .lookup:
            let step = PathStep(values[1].text)
            return values[0]?.value(at: CollectionOfOne(step))
        case .and, .or, .fallback, .choose, .randomChoice, .now, .fake, .jsonPath: return nil
        }
    }

    // MARK: Randomness

    private mutating func random(_ helper: TemplateHelper, _ values: [JSON?]) throws(TemplateError) -> JSON? {
        switch helper {
        case .uuid:
            var bytes: [UInt8] = []
            environment.random.writeUUID(to: &bytes)
            return .string(String(decoding: bytes, as: UTF8.self))
        case .randomBool: return JSON(environment.random.next() >> 63 == 1)
        case .randomInt:
            guard let low = integer(values[0]), let high = integer(values[1]) else { return nil }
            return JSON(environment.random.next(in: min(low, high)...max(low, high)))
        case .randomFloat:
            guard let low = values[0]?.looseNumber, let high = values[1]?.looseNumber else { return nil }
            let value = low + (high - low) * environment.random.nextFraction()
            return .number(of: rounded(value, decimals: values[2]?.looseNumber))
        default:
            guard let count = integer(values[0]), count > 0 else { return "" }
            try check(count)
            try charge(count >> 2)
            let letters: StaticString = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
            let alphabet = helper == .randomString ? 52 : 62
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            for _ in 0..<count { bytes.append(letters.utf8Start[environment.random.next(below: alphabet)]) }
            return .string(String(decoding: bytes, as: UTF8.self))
        }
    }

    // MARK: Numbers

    private func integer(_ value: JSON?) -> Int? {
        if let exact = value?.integer { return exact }
        return value?.looseNumber.flatMap { Int(exactly: $0.rounded(.towardZero)) }
    }

    private func rounded(_ value: Double, decimals: Double?) -> Double {
        var scale = 1.0
        for _ in 0..<Int(min(15, max(0, decimals ?? 0))) { scale *= 10 }
        let scaled = value * scale
        return scaled.isFinite && abs(scaled) < 0x1p53 ? scaled.rounded() / scale : value
    }

    /// Exact for integers that fit; doubles otherwise.
    private func fold(
        _ values: [JSON?], _ exact: (Int, Int) -> (partialValue: Int, overflow: Bool),
        _ inexact: (Double, Double) -> Double
    ) -> JSON? {
        guard var result = operand(values[0]) else { return nil }
        for value in values.dropFirst() {
            guard let next = operand(value) else { return nil }
            if let left = result.integer, let right = next.integer {
                let (value, overflow) = exact(left, right)
                if !overflow {
                    result = JSONNumber(value)
                    continue
                }
            }
            guard case .number(let number)? = JSON.number(of: inexact(result.double, next.double)) else { return nil }
            result = number
        }
        return .number(result)
    }

    private func operand(_ value: JSON?) -> JSONNumber? {
        switch value {
        case .number(let number): number.double.isFinite ? number : nil
        case .string(let text): jsonNumber(text)
        default: nil
        }
    }

    private func quotient(_ helper: TemplateHelper, _ values: [JSON?]) -> JSON? {
        guard let left = operand(values[0]), let right = operand(values[1]), right.double != 0 else { return nil }
        if let dividend = left.integer, let divisor = right.integer {
            let (remainder, overflow) = dividend.remainderReportingOverflow(dividingBy: divisor)
            if !overflow {
                if helper == .mod { return JSON(remainder) }
                if remainder == 0 { return JSON(dividend / divisor) }
            }
        }
        return .number(
            of: helper == .mod
                ? left.double.truncatingRemainder(dividingBy: right.double) : left.double / right.double)
    }

    /// Numbers by size when both are or spell numbers, else texts by their code points.
    private func compare(
        _ values: [JSON?], _ numbers: (Double, Double) -> Bool, _ texts: (String, String) -> Bool
    ) -> Bool {
        guard let left = values[0], let right = values[1] else { return false }
        if let left = left.looseNumber, let right = right.looseNumber { return numbers(left, right) }
        guard let left = left.string, let right = right.string else { return false }
        return texts(left, right)
    }

    // MARK: Texts

    private func trimmed(_ text: String) -> String {
        let bytes = text.utf8
        let kept = bytes.drop(while: isSpace)
        guard let last = kept.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(Substring(kept[...last]))
    }

    /// Characters from a position, counted from 0 or, when negative, from the end.
    private func substring(_ values: [JSON?]) -> JSON? {
        let text = values[0].text
        guard let from = integer(values[1]) else { return nil }
        let start =
            from < 0
            ? text.index(text.endIndex, offsetBy: from, limitedBy: text.startIndex) ?? text.startIndex
            : text.index(text.startIndex, offsetBy: from, limitedBy: text.endIndex) ?? text.endIndex
        guard values.count > 2 else { return .string(String(text[start...])) }
        let count = max(0, integer(values[2]) ?? 0)
        let end = text.index(start, offsetBy: count, limitedBy: text.endIndex) ?? text.endIndex
        return .string(String(text[start..<end]))
    }

    private func replaced(_ text: String, _ old: String, _ new: String) throws(TemplateError) -> String {
        guard !old.isEmpty else { return text }
        let bytes = Array(text.utf8)
        let new = Array(new.utf8)
        var result: [UInt8] = []
        var plain = 0
        for match in matches(of: Array(old.utf8), in: bytes) {
            result.append(contentsOf: bytes[plain..<match])
            result.append(contentsOf: new)
            plain = match + old.utf8.count
            try check(result.count)
        }
        result.append(contentsOf: bytes[plain...])
        return String(decoding: result, as: UTF8.self)
    }

    /// Where `pattern` begins, without overlaps, in linear time: both may be a stranger's.
    private func matches(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard !pattern.isEmpty, pattern.count <= bytes.count else { return [] }
        let borders = TextSearch.borders(of: pattern)
        var length = 0
        var found: [Int] = []
        for (position, byte) in bytes.enumerated() {
            while length > 0, pattern[length] != byte { length = borders[length - 1] }
            if pattern[length] == byte { length += 1 }
            if length == pattern.count {
                found.append(position + 1 - pattern.count)
                length = 0
            }
        }
        return found
    }

    private func parts(of text: String, _ separator: String) throws(TemplateError) -> [JSON] {
        let bytes = Array(text.utf8)
        var result: [JSON] = []
        var start = 0
        for match in matches(of: Array(separator.utf8), in: bytes) {
            result.append(.string(String(decoding: bytes[start..<match], as: UTF8.self)))
            start = match + separator.utf8.count
            guard result.count < environment.limits.iterations else {
                throw .limit("'split' makes more than \(environment.limits.iterations) parts")
            }
        }
        result.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
        return result
    }

    private func joined(_ values: [JSON?]) throws(TemplateError) -> JSON? {
        guard case .array(let elements)? = values[0] else { return values[0].map { .string($0.plainText) } }
        let separator = values.count > 1 ? values[1].text : ","
        var bytes: [UInt8] = []
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(contentsOf: separator.utf8) }
            element.writeText(to: &bytes)
            try check(bytes.count)
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    private func length(_ value: JSON?) -> JSON {
        switch value {
        case nil, .null: 0
        case .array(let elements): JSON(elements.count)
        case .object(let object): JSON(object.count)
        case .string, .number, .bool: JSON(value.text.count)
        }
    }

    private func contains(_ value: JSON?, _ part: JSON?) -> Bool {
        switch value {
        case nil: false
        case .array(let elements): elements.contains { $0.equalsLoosely(part ?? .null) }
        case .object(let object): object.contains(part.text)
        default: TextSearch(part.text).found(in: value.text)
        }
    }

    /// Percent-encoding of all but the unreserved characters (RFC 3986 section 2.3).
    private func urlEncoded(_ text: String) -> String {
        let digits: StaticString = "0123456789ABCDEF"
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57,
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digits.utf8Start[Int(byte >> 4)])
                bytes.append(digits.utf8Start[Int(byte & 15)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
