/// Writes a syntax tree in RE2's syntax. Everything is spelled out as code points, so that the two dialects' different
/// ideas of `.`, `\s`, `$` and escapes cannot meet.
struct PatternTranslation {
    private(set) var text = ""
    /// RE2 refuses larger counts; larger repetitions are written as several.
    private static let repetitionLimit = 1000
    private static let lengthLimit = 1 << 18

    static func translate(_ node: PatternNode) throws(PatternError) -> String {
        var translation = PatternTranslation()
        try translation.write(node)
        return translation.text
    }

    private mutating func write(_ node: PatternNode) throws(PatternError) {
        guard text.utf8.count < Self.lengthLimit else { throw PatternError("the pattern is too large") }
        switch node {
        case .set(let set): write(set)
        case .sequence(let nodes):
            // An empty group, since a repetition may follow.
            if nodes.isEmpty { text += "(?:)" }
            for node in nodes {
                if case .choice = node { try writeGroup(node) } else { try write(node) }
            }
        case .choice(let nodes):
            for (index, node) in nodes.enumerated() {
                if index > 0 { text += "|" }
                try write(node)
            }
        case .repeated(let node, let minimum, let maximum): try write(node, minimum: minimum, maximum: maximum)
        case .anchor(let anchor):
            switch anchor {
            case .textStart: text += "\\A"
            case .textEnd: text += "\\z"
            case .lineStart: text += "(?m:^)"
            case .lineEnd: text += "(?m:$)"
            case .wordBoundary: text += "\\b"
            case .notWordBoundary: text += "\\B"
            }
        case .look(_, let isAhead, _):
            let name = isAhead ? "look-ahead is supported only at the start, after '^'" : "look-behind is not supported"
            throw PatternError(name)
        case .backReference: throw PatternError("back references are not supported")
        case .letterCase(let node, let isIgnored):
            text += isIgnored ? "(?i:" : "(?-i:"
            try write(node)
            text += ")"
        }
    }

    private mutating func writeGroup(_ node: PatternNode) throws(PatternError) {
        text += "(?:"
        try write(node)
        text += ")"
    }

    private mutating func write(_ node: PatternNode, minimum: Int, maximum: Int?) throws(PatternError) {
        var unit = PatternTranslation()
        try unit.writeGroup(node)
        let limit = Self.repetitionLimit
        guard minimum > limit || maximum ?? 0 > limit else {
            text += unit.text
            switch (minimum, maximum) {
            case (0, nil): text += "*"
            case (1, nil): text += "+"
            case (let minimum, nil): text += "{\(minimum),}"
            case (let minimum, let maximum?):
                text += minimum == maximum ? "{\(minimum)}" : "{\(minimum),\(maximum)}"
            }
            return
        }
        text += "(?:"
        for start in stride(from: 0, to: minimum, by: limit) {
            text += unit.text + "{\(min(limit, minimum - start))}"
        }
        if let maximum {
            for start in stride(from: minimum, to: maximum, by: limit) {
                text += unit.text + "{0,\(min(limit, maximum - start))}"
            }
        } else {
            text += unit.text + "*"
        }
        text += ")"
    }

    private mutating func write(_ set: ScalarSet) {
        guard !set.ranges.isEmpty || !set.properties.isEmpty else {
            text += set.isNegated ? "(?s:.)" : "[^\\x00-\\x{10FFFF}]"
            return
        }
        text += set.isNegated ? "[^" : "["
        for range in set.ranges {
            write(range.lowerBound)
            if range.upperBound > range.lowerBound {
                text += "-"
                write(range.upperBound)
            }
        }
        for property in set.properties {
            text += property.isNegated ? "\\P{\(property.name)}" : "\\p{\(property.name)}"
        }
        text += "]"
    }

    private mutating func write(_ scalar: UInt32) {
        text += "\\x{" + String(scalar, radix: 16) + "}"
    }
}
