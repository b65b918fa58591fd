/// Makes texts that a pattern matches, from its syntax tree. Anchors and letter case are not looked at, so every text is
/// checked with the pattern itself before it is handed out.
struct PatternSampler {
    private var random: TemplateRandom
    /// Scalars still wanted beyond the shortest text.
    private var surplus = 0
    private var length = 0
    private var result = String.UnicodeScalarView()

    private static let attempts = 40
    private static let lengthLimit = 10_000
    private static let filler: [Unicode.Scalar] = Array("abcdefghijklmnopqrstuvwxyz".unicodeScalars)

    private init(random: TemplateRandom) { self.random = random }

    /// A text of a length within bounds (in scalars) that matches, or nil when none was found.
    static func text(
        matching expression: RegularExpression, lengths: ClosedRange<Int>, random: inout TemplateRandom
    ) -> String? {
        let shortest = Self.shortest(expression.syntax)
        let lower = max(shortest, lengths.lowerBound)
        guard lower <= min(lengths.upperBound, lengthLimit) else { return nil }
        // Few people mean an empty text by `.*`, or thousands of letters by `+`.
        let upper = min(lengths.upperBound, max(lower, min(shortest + 8, lengthLimit)))
        for attempt in 0..<attempts {
            var sampler = PatternSampler(random: .seeded(SeededGenerator(seed: random.next())))
            let bound = attempt < attempts / 2 ? upper : min(lengths.upperBound, lower + 40, lengthLimit)
            sampler.surplus = sampler.random.next(in: lower...max(lower, bound)) - shortest
            sampler.write(expression.syntax)
            var scalars = sampler.result
            while scalars.count < lengths.lowerBound {
                scalars.append(filler[sampler.random.next(below: filler.count)])
            }
            let text = String(scalars)
            if scalars.count <= lengths.upperBound, expression.found(in: text) { return text }
        }
        return nil
    }

    private static func shortest(_ node: PatternNode) -> Int {
        switch node {
        case .set: 1
        case .sequence(let nodes): nodes.reduce(0) { min(lengthLimit + 1, $0 + shortest($1)) }
        case .choice(let nodes): nodes.map(shortest).min() ?? 0
        case .repeated(let node, let minimum, _): min(lengthLimit + 1, shortest(node) * min(minimum, lengthLimit))
        case .letterCase(let node, _): shortest(node)
        case .anchor, .look, .backReference: 0
        }
    }

    private mutating func write(_ node: PatternNode) {
        guard length < Self.lengthLimit else { return }
        switch node {
        case .set(let set):
            length += 1
            if let scalar = pick(set) { result.append(scalar) }
        case .sequence(let nodes):
            for node in nodes { write(node) }
        case .choice(let nodes):
            let fitting = nodes.filter { Self.shortest($0) <= Self.shortest(node) + max(0, surplus) }
            let choice = fitting[random.next(below: fitting.count)]
            surplus -= Self.shortest(choice) - Self.shortest(node)
            write(choice)
        case .repeated(let node, let minimum, let maximum):
            let unit = max(1, Self.shortest(node))
            var count = minimum
            if surplus > 0, maximum ?? .max > minimum {
                let room = min((maximum ?? .max) - minimum, surplus / unit)
                // Mostly all that is left, so that a minimum length is reached even by the last repetition.
                let extra = random.next(below: 4) == 0 ? random.next(in: 0...max(0, room)) : max(0, room)
                count += extra
                surplus -= extra * unit
            }
            for _ in 0..<min(count, Self.lengthLimit) where length < Self.lengthLimit { write(node) }
        case .letterCase(let node, _): write(node)
        case .anchor, .look, .backReference: break
        }
    }

    /// A plain letter or digit where the set has one, else whatever it has.
    private mutating func pick(_ set: ScalarSet) -> Unicode.Scalar? {
        let letters = Self.plain.filter { set.contains($0) }
        if !letters.isEmpty {
            // Wide sets are usually words; now and then a digit or a sign helps with password rules.
            let words = letters.filter { (0x61...0x7A).contains($0) }
            let isWord = words.count > 20 && random.next(below: 3) > 0
            let choices = isWord ? words : letters
            return Unicode.Scalar(choices[random.next(below: choices.count)])
        }
        var ranges = set.isNegated ? set.complementRanges : set.ranges
        if let property = set.properties.first, !property.isNegated {
            ranges += Self.samples[property.name].map { [$0] } ?? []
        }
        guard !ranges.isEmpty else { return nil }
        let range = ranges[random.next(below: ranges.count)]
        return Unicode.Scalar(range.lowerBound + UInt32(random.next(below: min(range.count, 64))))
    }

    /// Letters and digits first, then the other printable characters of ASCII.
    private static let plain: [UInt32] =
        Array(0x61...0x7A) + Array(0x41...0x5A) + Array(0x30...0x39) + [0x2D, 0x5F, 0x2E, 0x21, 0x23, 0x24, 0x25, 0x40]

    /// Members of properties that have none among the plain characters.
    private static let samples: [String: ClosedRange<UInt32>] = [
        "Greek": 0x3B1...0x3C1, "Cyrillic": 0x430...0x44F, "Han": 0x4E00...0x4E40, "Hiragana": 0x3042...0x3080,
        "Katakana": 0x30A2...0x30E0, "Arabic": 0x627...0x640, "Hebrew": 0x5D0...0x5EA, "Thai": 0xE01...0xE20,
        "Hangul": 0xAC00...0xAC40, "Zs": 0x20...0x20, "Z": 0x20...0x20, "Sm": 0x2B...0x2B, "Sk": 0x5E...0x5E,
        "Cc": 0x1...0x8, "M": 0x300...0x310, "Mn": 0x300...0x310, "Nl": 0x2160...0x2170, "No": 0xB2...0xB3,
        "So": 0xA6...0xA6, "Ps": 0x28...0x28, "Pe": 0x29...0x29,
    ]
}

extension ScalarSet {
    /// Exact for ASCII; elsewhere a property counts as not holding.
    fileprivate func contains(_ value: UInt32) -> Bool {
        let isMember =
            ranges.contains { $0.contains(value) }
            || properties.contains { $0.holds(for: value) }
        return isMember != isNegated
    }
}

extension ScalarSet.Property {
    fileprivate func holds(for value: UInt32) -> Bool {
        let isUpper = (0x41...0x5A).contains(value)
        let isLower = (0x61...0x7A).contains(value)
        let isDigit = (0x30...0x39).contains(value)
        let isMember =
            switch name {
            case "L", "Latin": isUpper || isLower
            case "Lu": isUpper
            case "Ll": isLower
            case "N", "Nd": isDigit
            case "P": [0x2D, 0x5F, 0x2E, 0x21, 0x23, 0x25, 0x40].contains(value)
            case "Pd": value == 0x2D
            case "Pc": value == 0x5F
            case "Po": [0x2E, 0x21, 0x23, 0x25, 0x40].contains(value)
            case "S", "Sc": value == 0x24
            default: false
            }
        return isMember != isNegated
    }
}
