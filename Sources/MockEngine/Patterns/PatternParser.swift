/// Reads ECMA-262 syntax in its Unicode mode, with the leniences of Annex B that schemas in the wild rely on, and with
/// inline flags (`(?i)`), which other tools' patterns bring along.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private let isStrict: Bool
    private var offset = 0
    private var depth = 0
    private var ignoresCase: Bool
    private var isMultiline = false
    private var dotMatchesAll = false

    private static let depthLimit = 100
    private static let repetitionLimit = 100_000

    /// A tree, or what is wrong with the syntax. With `isStrict` only what ECMA-262 itself allows.
    static func parse(
        _ pattern: String, caseInsensitive: Bool = false, isStrict: Bool = false
    ) throws(PatternError) -> PatternNode {
        var parser = PatternParser(pattern, caseInsensitive: caseInsensitive, isStrict: isStrict)
        let node = try parser.choice()
        guard parser.offset == parser.scalars.count else { throw PatternError("unmatched ')'", at: parser.offset) }
        return node
    }

    private init(_ pattern: String, caseInsensitive: Bool, isStrict: Bool) {
        scalars = Array(pattern.unicodeScalars)
        self.isStrict = isStrict
        ignoresCase = caseInsensitive
    }

    private var next: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    private mutating func consume(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard offset + wanted.count <= scalars.count else { return false }
        for (index, scalar) in wanted.enumerated() where scalars[offset + index] != scalar { return false }
        offset += wanted.count
        return true
    }

    private mutating func choice() throws(PatternError) -> PatternNode {
        let outer = (ignoresCase, isMultiline, dotMatchesAll)
        defer { (ignoresCase, isMultiline, dotMatchesAll) = outer }
        var branches = [try sequence()]
        while consume("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = offset
            guard let atom = try atom() else { continue }
            nodes.append(try repetition(of: atom, startingAt: start))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    /// Nil for what stands for nothing, such as `(?i)`.
    private mutating func atom() throws(PatternError) -> PatternNode? {
        let start = offset
        let scalar = scalars[offset]
        offset += 1
        switch scalar {
        case "^": return .anchor(isMultiline ? .lineStart : .textStart)
        case "$": return .anchor(isMultiline ? .lineEnd : .textEnd)
        case ".": return .set(dotMatchesAll ? .everything : .notLineTerminators)
        case "(": return try group(startingAt: start)
        case "[": return letters(.set(try characterClass(startingAt: start)))
        case "\\": return try escape(startingAt: start)
        case "*", "+", "?": throw PatternError("'\(scalar)' has nothing to repeat", at: start)
        case "{":
            offset = start
            if try bounds() != nil { throw PatternError("'{' has nothing to repeat", at: start) }
            offset = start + 1
            return letters(.set(ScalarSet(scalar.value)))
        default: return letters(.set(ScalarSet(scalar.value)))
        }
    }

    private func letters(_ node: PatternNode) -> PatternNode {
        ignoresCase ? .letterCase(node, isIgnored: true) : node
    }

    private mutating func group(startingAt start: Int) throws(PatternError) -> PatternNode? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw PatternError("groups are nested deeper than \(Self.depthLimit) levels", at: start)
        }
        var look: (isAhead: Bool, isNegated: Bool)?
        if consume("?") {
            if consume("=") {
                look = (true, false)
            } else if consume("!") {
                look = (true, true)
            } else if consume("<=") {
                look = (false, false)
            } else if consume("<!") {
                look = (false, true)
            } else if consume("<") || (!isStrict && consume("P<")) {
                try groupName(startingAt: start)
            } else if !consume(":") {
                return try flags(startingAt: start)
            }
        }
        let node = try choice()
        guard consume(")") else { throw PatternError("'(' is not closed", at: start) }
        if let look { return .look(node, isAhead: look.isAhead, isNegated: look.isNegated) }
        // The group must stay one unit for the quantifier that may follow.
        return node
    }

    private mutating func groupName(startingAt start: Int) throws(PatternError) {
        let first = offset
        while let scalar = next, scalar != ">" {
            guard
                scalar.properties.isAlphabetic || scalar == "_" || scalar == "$" || scalar.properties.numericType != nil
            else { throw PatternError("a group name may have letters, digits and _ only", at: offset) }
            offset += 1
        }
        guard offset > first, consume(">") else { throw PatternError("the group name is not closed by '>'", at: start) }
    }

    /// `(?i)` for the rest of the enclosing group, `(?i:…)` for a group of its own.
    private mutating func flags(startingAt start: Int) throws(PatternError) -> PatternNode? {
        let outer = (ignoresCase, isMultiline, dotMatchesAll)
        var isOn = true
        while let scalar = next {
            offset += 1
            switch scalar {
            case "i": ignoresCase = isOn
            case "m": isMultiline = isOn
            case "s": dotMatchesAll = isOn
            case "-" where isOn: isOn = false
            case ")" where !isStrict: return nil
            case ":":
                let node = try choice()
                guard consume(")") else { throw PatternError("'(' is not closed", at: start) }
                (ignoresCase, isMultiline, dotMatchesAll) = outer
                return node
            default: throw PatternError("'(?\(scalar)' is not a kind of group that is supported", at: start)
            }
        }
        throw PatternError("'(' is not closed", at: start)
    }

    private mutating func repetition(of atom: PatternNode, startingAt start: Int) throws(PatternError) -> PatternNode {
        var minimum = 0
        var maximum: Int?
        let position = offset
        if consume("*") {
        } else if consume("+") {
            minimum = 1
        } else if consume("?") {
            maximum = 1
        } else if let bounds = try bounds() {
            (minimum, maximum) = bounds
        } else {
            return atom
        }
        // Lazy or greedy makes no difference to whether there is a match.
        _ = consume("?")
        if let scalar = next, scalar == "*" || scalar == "+" || scalar == "?" {
            throw PatternError("'\(scalar)' has nothing to repeat", at: offset)
        }
        switch atom {
        case .anchor(.textStart), .anchor(.textEnd), .anchor(.lineStart), .anchor(.lineEnd):
            throw PatternError("an anchor cannot be repeated", at: position)
        default: return .repeated(atom, minimum: minimum, maximum: maximum)
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else that begins with `{` is text.
    private mutating func bounds() throws(PatternError) -> (Int, Int?)? {
        let start = offset
        guard consume("{") else { return nil }
        guard let minimum = try number() else {
            offset = start
            return nil
        }
        var maximum: Int? = minimum
        if consume(",") { maximum = try number() }
        guard consume("}") else {
            offset = start
            return nil
        }
        if let maximum, maximum < minimum {
            throw PatternError("the bounds of a repetition are out of order", at: start)
        }
        return (minimum, maximum)
    }

    private mutating func number() throws(PatternError) -> Int? {
        var value: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            if value! > Self.repetitionLimit {
                throw PatternError("a repetition is larger than \(Self.repetitionLimit)", at: offset)
            }
            offset += 1
        }
        return value
    }

    private mutating func escape(startingAt start: Int) throws(PatternError) -> PatternNode {
        guard let scalar = next else { throw PatternError("the pattern ends after '\\'", at: start) }
        switch scalar {
        case "b", "B":
            offset += 1
            return .anchor(scalar == "b" ? .wordBoundary : .notWordBoundary)
        case "1"..."9":
            while let digit = next, ("0"..."9").contains(digit) { offset += 1 }
            return .backReference
        case "k" where offset + 1 < scalars.count && scalars[offset + 1] == "<":
            offset += 2
            try groupName(startingAt: start)
            return .backReference
        default:
            if let set = try classEscape(startingAt: start) { return letters(.set(set)) }
            return letters(.set(ScalarSet(try characterEscape(startingAt: start))))
        }
    }

    /// `\d`, `\W`, `\p{…}` and their like; nil when the escape is one character.
    private mutating func classEscape(startingAt start: Int) throws(PatternError) -> ScalarSet? {
        guard let scalar = next else { throw PatternError("the pattern ends after '\\'", at: start) }
        var set: ScalarSet
        switch scalar {
        case "d", "D": set = .digits
        case "w", "W": set = .word
        case "s", "S": set = .space
        case "p", "P":
            offset += 1
            return try property(isNegated: scalar == "P", startingAt: start)
        default: return nil
        }
        offset += 1
        if scalar.properties.isUppercase { set.isNegated = true }
        return set
    }

    private mutating func property(isNegated: Bool, startingAt start: Int) throws(PatternError) -> ScalarSet {
        guard consume("{"), let end = scalars[offset...].firstIndex(of: "}") else {
            throw PatternError("'\\p' needs a property in braces, such as '\\p{L}'", at: start)
        }
        var name = String(String.UnicodeScalarView(scalars[offset..<end]))
        offset = end + 1
        for prefix in ["Script=", "sc=", "Script_Extensions=", "scx=", "General_Category=", "gc="]
        where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
        }
        switch name {
        case "Any": return isNegated ? ScalarSet() : .everything
        case "ASCII": return ScalarSet(ranges: [isNegated ? 0x80...0x10FFFF : 0...0x7F])
        case "White_Space", "space": return ScalarSet(ranges: ScalarSet.space.ranges, isNegated: isNegated)
        case "Alphabetic", "Alpha":
            guard !isNegated else { throw PatternError("'\\P{\(name)}' is not supported", at: start) }
            return ScalarSet(properties: ["L", "Nl", "M"].map { .init(name: $0, isNegated: false) })
        default: break
        }
        let known = Self.categories[name] ?? name
        let isPlain = known.utf8.allSatisfy { $0 == 0x5F || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        guard isPlain, !known.isEmpty else {
            throw PatternError("there is no Unicode property '\(name)'", at: start)
        }
        return ScalarSet(properties: [.init(name: known, isNegated: isNegated)])
    }

    private mutating func characterEscape(startingAt start: Int) throws(PatternError) -> UInt32 {
        guard let scalar = next else { throw PatternError("the pattern ends after '\\'", at: start) }
        offset += 1
        switch scalar {
        case "t": return 0x09
        case "n": return 0x0A
        case "v": return 0x0B
        case "f": return 0x0C
        case "r": return 0x0D
        case "0":
            if let digit = next, ("0"..."9").contains(digit) {
                throw PatternError("octal escapes are not supported; write '\\x00'", at: start)
            }
            return 0
        case "c":
            guard let letter = next, letter.isASCII, letter.properties.isAlphabetic else {
                throw PatternError("'\\c' needs a letter", at: start)
            }
            offset += 1
            return letter.value % 32
        case "x": return try hexadecimal(2, startingAt: start)
        case "u":
            if consume("{") {
                guard let end = scalars[offset...].firstIndex(of: "}"), end > offset, end - offset <= 8 else {
                    throw PatternError("'\\u{' needs hexadecimal digits and '}'", at: start)
                }
                let value = try hexadecimal(end - offset, startingAt: start)
                guard value <= 0x10FFFF else { throw PatternError("there is no such character", at: start) }
                offset = end + 1
                return value
            }
            let high = try hexadecimal(4, startingAt: start)
            let mark = offset
            if (0xD800...0xDBFF).contains(high), consume("\\u"), let low = try? hexadecimal(4, startingAt: start),
                (0xDC00...0xDFFF).contains(low)
            {
                return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
            }
            offset = mark
            return high
        default:
            // A letter or digit would promise a meaning that ECMA-262 does not have, such as '\Z'.
            guard !scalar.isASCII || !(scalar.properties.isAlphabetic || scalar.properties.numericType != nil) else {
                throw PatternError("'\\\(scalar)' is not an escape", at: start)
            }
            return scalar.value
        }
    }

    private mutating func hexadecimal(_ count: Int, startingAt start: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let scalar = next, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw PatternError("hexadecimal digits are expected", at: start)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private mutating func characterClass(startingAt start: Int) throws(PatternError) -> ScalarSet {
        var set = ScalarSet()
        set.isNegated = consume("^")
        while !consume("]") {
            guard next != nil else { throw PatternError("'[' is not closed", at: start) }
            let lower = try member(startingAt: start)
            let mark = offset
            guard consume("-"), let scalar = next, scalar != "]" else {
                offset = mark
                set.formUnion(lower)
                continue
            }
            let upper = try member(startingAt: start)
            guard let low = lower.single, let high = upper.single else {
                // `[\w-x]`: the hyphen stands for itself.
                set.formUnion(lower)
                set.formUnion(ScalarSet(0x2D))
                set.formUnion(upper)
                continue
            }
            guard low <= high else { throw PatternError("the range in '[…]' is out of order", at: mark) }
            set.ranges.append(low...high)
        }
        return set
    }

    private mutating func member(startingAt start: Int) throws(PatternError) -> ScalarSet {
        let position = offset
        guard let scalar = next else { throw PatternError("'[' is not closed", at: start) }
        offset += 1
        guard scalar == "\\" else { return ScalarSet(scalar.value) }
        if consume("b") { return ScalarSet(0x08) }
        if let set = try classEscape(startingAt: position) { return set }
        return ScalarSet(try characterEscape(startingAt: position))
    }

    /// Long names of general categories, and POSIX names that ECMA-262 takes as aliases.
    private static let categories: [String: String] = [
        "Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc",
        "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl",
        "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd",
        "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf",
        "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
        "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs",
        "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc",
        "Format": "Cf", "Private_Use": "Co", "Uppercase": "Lu", "Lowercase": "Ll",
    ]
}

extension ScalarSet {
    /// The scalar of a set that has exactly one.
    fileprivate var single: UInt32? {
        guard !isNegated, properties.isEmpty, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
