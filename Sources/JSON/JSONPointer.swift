/// A place in a JSON document (RFC 6901), such as `/paths/~1pets/get`.
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The unescaped reference tokens.
    package var tokens: [String]

    /// The whole document.
    package static let root = JSONPointer([])

    package init(_ tokens: [String]) { self.tokens = tokens }

    /// Reads the text form; nil unless it is empty or begins with `/` and every `~` is followed by 0 or 1.
    package init?(_ text: some StringProtocol) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.first == "/" else { return nil }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let token = Self.unescape(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    package var description: String {
        var text = ""
        for token in tokens {
            text += "/"
            for scalar in token.unicodeScalars {
                switch scalar {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }

    package static func / (pointer: JSONPointer, token: String) -> JSONPointer {
        JSONPointer(pointer.tokens + [token])
    }

    package static func / (pointer: JSONPointer, index: Int) -> JSONPointer {
        JSONPointer(pointer.tokens + [String(index)])
    }

    /// The array index that `token` spells: digits without a leading zero.
    package static func arrayIndex(_ token: String) -> Int? {
        guard let first = token.utf8.first, token.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        if first == 48 && token.utf8.count > 1 { return nil }
        return Int(token)
    }

    private static func unescape(_ part: some StringProtocol) -> String? {
        guard part.contains("~") else { return String(part) }
        var result = String.UnicodeScalarView()
        var scalars = part.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "~" else {
                result.append(scalar)
                continue
            }
            switch scalars.next() {
            case "0": result.append("~")
            case "1": result.append("/")
            default: return nil
            }
        }
        return String(result)
    }
}
