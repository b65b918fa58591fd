/// The syntax tree of an ECMA-262 regular expression.
indirect enum PatternNode: Sendable {
    /// One scalar out of a set.
    case set(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// `maximum` nil: without bound.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
    case anchor(Anchor)
    case look(PatternNode, isAhead: Bool, isNegated: Bool)
    /// What a group matched, again: parsed so that it can be named in the refusal.
    case backReference
    /// A part whose letters match in either case, or not, whatever holds around it.
    case letterCase(PatternNode, isIgnored: Bool)

    enum Anchor: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
    }

    static let empty = PatternNode.sequence([])
}

/// A set of Unicode scalars, as a class such as `[a-z\d]` states it.
struct ScalarSet: Sendable {
    /// Inclusive, in the order of the pattern; they may overlap.
    var ranges: [ClosedRange<UInt32>] = []
    /// Unicode properties by the name that RE2 knows.
    var properties: [Property] = []
    var isNegated = false

    struct Property: Sendable {
        var name: String
        var isNegated: Bool
    }

    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    /// WhiteSpace and LineTerminator of ECMA-262.
    static let space = ScalarSet(ranges: [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    /// What `.` does not match.
    static let notLineTerminators = ScalarSet(
        ranges: [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isNegated: true)
    static let everything = ScalarSet(ranges: [0...0x10FFFF])

    init(ranges: [ClosedRange<UInt32>] = [], properties: [Property] = [], isNegated: Bool = false) {
        self.ranges = ranges
        self.properties = properties
        self.isNegated = isNegated
    }

    init(_ scalar: UInt32) { ranges = [scalar...scalar] }

    /// The ranges of the complement of `ranges`; properties are not looked at.
    var complementRanges: [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    /// Adds the members of a class escape such as `\D` to this class.
    mutating func formUnion(_ other: ScalarSet) {
        if other.isNegated && other.properties.isEmpty {
            ranges += other.complementRanges
        } else {
            ranges += other.ranges
            properties += other.properties
        }
    }
}
