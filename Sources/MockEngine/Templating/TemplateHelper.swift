/// A function that expressions call. Raw values are the names in templates.
enum TemplateHelper: String, Sendable, CaseIterable {
    case uuid, now, fake
    case randomInt = "random_int"
    case randomFloat = "random_float"
    case randomString = "random_string"
    case randomAlphanumeric = "random_alphanumeric"
    case randomChoice = "random_choice"
    case randomBool = "random_bool"
    case upper, lower, trim, capitalize, substring, replace, split, join, concat, length, base64
    case base64Decode = "base64_decode"
    case urlEncode = "url_encode"
    case startsWith = "starts_with"
    case endsWith = "ends_with"
    case contains
    case eq, ne, gt, gte, lt, lte, and, or, not, choose
    case fallback = "default"
    case add, sub, mul, div, mod, round
    case json, string, number, lookup
    case jsonPath = "json_path"

    /// How many arguments it takes.
    var arguments: ClosedRange<Int> {
        switch self {
        case .uuid, .now, .randomBool: 0...0
        case .fake, .upper, .lower, .trim, .capitalize, .length, .base64, .base64Decode, .urlEncode, .not, .json,
            .string, .number, .randomString, .randomAlphanumeric:
            1...1
        case .randomInt, .randomFloat: 0...2
        case .round, .join: 1...2
        case .eq, .ne, .gt, .gte, .lt, .lte, .fallback, .sub, .div, .mod, .split, .startsWith, .endsWith, .contains,
            .lookup, .jsonPath:
            2...2
        case .substring: 2...3
        case .replace, .choose: 3...3
        case .and, .or, .add, .mul: 2...20
        case .randomChoice, .concat: 1...100
        }
    }

    /// Whether it goes through arrays and objects, which then costs steps by their size.
    var readsWholeArguments: Bool {
        self != .lookup
    }

    /// The named options (`name=value`) it takes.
    var options: [String] {
        switch self {
        case .now: ["format", "offset"]
        case .randomFloat: ["decimals"]
        default: []
        }
    }

    /// Other spellings, for people who come from other tools.
    static let aliases: [String: TemplateHelper] = [
        "randomInt": .randomInt, "randomFloat": .randomFloat, "randomString": .randomString,
        "urlEncode": .urlEncode, "jsonPath": .jsonPath, "if": .choose,
    ]

    init?(name: String) {
        guard let helper = TemplateHelper(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = helper
    }
}

/// The spelling that someone probably meant.
enum NearestName {
    /// The candidate with the fewest edits from `name`, if that is few enough to be a slip.
    static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let word = Array(name.lowercased().utf8)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = edits(word, Array(candidate.lowercased().utf8))
            if distance <= max(2, word.count / 3), distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.name
    }

    /// ` (did you mean 'x'?)`, or nothing.
    static func hint(for name: String, among candidates: some Sequence<String>) -> String {
        of(name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
    }

    private static func edits(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (position, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
