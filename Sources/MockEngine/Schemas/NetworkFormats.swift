/// Addresses and names of hosts and mailboxes.
enum NetworkFormats {
    static func isIPv4(_ bytes: some Collection<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy(\.isDigit) else { return false }
                if part.count > 1, part.first == UInt8(ascii: "0") { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    static func isIPv6(_ text: String) -> Bool {
        var text = text[...]
        var groups = 0
        if text.utf8.contains(UInt8(ascii: ".")) {
            // The last 32 bits may be spelled as an IPv4 address.
            guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
                isIPv4(text.utf8[text.utf8.index(after: colon)...])
            else { return false }
            groups = 2
            text = text[...colon]
            if !text.hasSuffix("::") { text = text.dropLast() }
            if text.isEmpty { return false }
        }
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 2 || groups > 0 else { return false }
        var gaps = 0
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                // One "::" inside gives one empty part; at either end it gives two.
                if index == 0 {
                    guard parts.count > 1, parts[1].isEmpty else { return false }
                } else if index == parts.count - 1 {
                    guard parts[index - 1].isEmpty else { return false }
                    if parts.count == 3, parts[0].isEmpty { continue }
                } else {
                    gaps += 1
                }
                continue
            }
            guard part.count <= 4, part.allSatisfy(\.isHexadecimalDigit) else { return false }
            groups += 1
        }
        return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
    }

    static func isHostname(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard (1...63).contains(label.count), let first = label.first else { return false }
            let last = label.suffix(1).first
            guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-") else { return false }
            return label.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
        }
    }

    static func isEmail(_ text: String, allowsUnicode: Bool) -> Bool {
        let bytes = text.utf8
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        let local = bytes[..<at]
        let domain = bytes[bytes.index(after: at)...]
        guard isLocalPart(local, allowsUnicode: allowsUnicode) else { return false }
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            let literal = domain.dropFirst().dropLast()
            if literal.starts(with: "IPv6:".utf8) { return isIPv6(String(literal.dropFirst(5)) ?? "") }
            return isIPv4(literal)
        }
        if allowsUnicode, domain.contains(where: { $0 >= 0x80 }) { return !domain.isEmpty }
        return isHostname(domain)
    }

    private static func isLocalPart(_ bytes: Substring.UTF8View, allowsUnicode: Bool) -> Bool {
        guard (1...64).contains(bytes.count) else { return false }
        if bytes.count > 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            var isEscaped = false
            for byte in bytes.dropFirst().dropLast() {
                if byte < 0x20 || (byte >= 0x7F && !allowsUnicode) { return false }
                if byte == UInt8(ascii: "\""), !isEscaped { return false }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            }
            return !isEscaped
        }
        let others = Array("!#$%&'*+-/=?^_`{|}~".utf8)
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy {
                    $0.isLetter || $0.isDigit || others.contains($0) || (allowsUnicode && $0 >= 0x80)
                }
        }
    }
}
