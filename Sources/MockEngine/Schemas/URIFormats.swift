/// The syntax of RFC 3986, RFC 3987 and RFC 6570.
enum URIFormats {
    static func isURI(_ text: String, allowsUnicode: Bool, isAbsolute: Bool) -> Bool {
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, bytes[index + 1].isHexadecimalDigit, bytes[index + 2].isHexadecimalDigit
                else { return false }
            } else if byte >= 0x80 {
                guard allowsUnicode else { return false }
            } else if !isUnreserved(byte), !Self.reserved.contains(byte) {
                return false
            }
            index += 1
        }
        let uri = URIReference(text)
        if isAbsolute, uri.scheme == nil { return false }
        if let fragment = uri.fragment, fragment.contains("#") { return false }
        // Brackets belong to IP literals only.
        let hasBracket = { (part: String?) in part?.utf8.contains { $0 == 0x5B || $0 == 0x5D } ?? false }
        if hasBracket(uri.path) || hasBracket(uri.query) || hasBracket(uri.fragment) { return false }
        if uri.scheme == nil, uri.authority == nil, let first = uri.path.split(separator: "/").first,
            !uri.path.hasPrefix("/"), first.contains(":")
        {
            return false
        }
        return uri.authority.map(isAuthority) ?? true
    }

    private static func isAuthority(_ text: String) -> Bool {
        var rest = text[...]
        if let at = rest.lastIndex(of: "@") {
            if rest[..<at].contains(where: { "[]@".contains($0) }) { return false }
            rest = rest[rest.index(after: at)...]
        }
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return false }
            let literal = String(rest[rest.index(after: rest.startIndex)..<end])
            guard NetworkFormats.isIPv6(literal) || literal.lowercased().hasPrefix("v") else { return false }
            rest = rest[rest.index(after: end)...]
            return rest.isEmpty || (rest.hasPrefix(":") && rest.dropFirst().utf8.allSatisfy(\.isDigit))
        }
        if rest.contains(where: { "[]".contains($0) }) { return false }
        guard let colon = rest.firstIndex(of: ":") else { return true }
        return rest[rest.index(after: colon)...].utf8.allSatisfy(\.isDigit)
    }

    static func isTemplate(_ text: String) -> Bool {
        var expression: [UInt8]?
        for byte in text.utf8 {
            switch (byte, expression) {
            case (UInt8(ascii: "{"), nil): expression = []
            case (UInt8(ascii: "}"), let inner?):
                guard isExpression(inner) else { return false }
                expression = nil
            case (UInt8(ascii: "{"), _), (UInt8(ascii: "}"), _): return false
            case (_, .some): expression?.append(byte)
            case (_, nil):
                if byte <= 0x20 || byte == 0x7F || Array("\"<>\\^`|".utf8).contains(byte) { return false }
            }
        }
        return expression == nil
    }

    private static func isExpression(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        if let first = rest.first, Array("+#./;?&=,!@|".utf8).contains(first) { rest.removeFirst() }
        return rest.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy { variable in
            var name = variable
            if name.last == UInt8(ascii: "*") {
                name.removeLast()
            } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
                let length = name[(colon + 1)...]
                guard (1...4).contains(length.count), length.allSatisfy(\.isDigit), length.first != 0x30 else {
                    return false
                }
                name = name[..<colon]
            }
            // Dots separate the parts of a name.
            return name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
                && name.allSatisfy {
                    $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
                        || $0 == UInt8(ascii: "%")
                }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
    }

    private static let reserved = Set(":/?#[]@!$&'()*+,;=".utf8)
}
