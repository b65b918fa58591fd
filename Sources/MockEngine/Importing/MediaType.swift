import JSON

/// A media type or range as the key of a `content` object.
struct MediaType: Sendable, Hashable {
    /// As written.
    let text: String
    /// Without parameters, in lower case.
    let essence: String

    init(_ text: String) {
        self.text = text
        essence = Self.essence(of: text)
    }

    /// A text that is its own essence, as most are, comes back as it is.
    static func essence(of text: String) -> String {
        let isEssence = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ";")
                && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        if isEssence { return text }
        return text.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
    }

    var isRange: Bool { essence.utf8.last == UInt8(ascii: "*") }

    /// Whether bodies of this type are JSON; ranges that include JSON count.
    var isJSON: Bool {
        essence == "application/json" || essence.hasSuffix("+json") || essence == "*/*" || essence == "application/*"
            || essence == "text/json"
    }

    var isForm: Bool { essence == "application/x-www-form-urlencoded" }

    var isText: Bool { essence.hasPrefix("text/") }

    /// The type that a reply of this type or range carries.
    var concrete: String {
        guard essence.contains("*") else { return text }
        if isJSON { return "application/json" }
        return switch essence {
        case "text/*": "text/plain; charset=utf-8"
        case "image/*": "image/png"
        default: "application/octet-stream"
        }
    }

    /// 3 for the same type, 2 for `text/*`, 1 for `*/*`, 0 where `essence` does not belong to this type or range.
    func specificity(for essence: String) -> Int {
        if essence == self.essence { return 3 }
        if self.essence == "*/*" { return 1 }
        guard self.essence.hasSuffix("/*") else { return 0 }
        return essence.hasPrefix(self.essence.dropLast()) ? 2 : 0
    }

    /// Of the keys of a `content` object the one to answer with: JSON itself, a kind of JSON, else the first.
    static func preferred(in content: JSONObject) -> MediaType? {
        let types = content.keys.lazy.filter { !$0.hasPrefix("x-") }.map(MediaType.init)
        return types.first { $0.essence == "application/json" } ?? types.first(where: \.isJSON) ?? types.first
    }
}
