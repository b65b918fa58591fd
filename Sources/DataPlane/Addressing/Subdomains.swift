import Domain

/// The form of names in addresses, checked over bytes without building the domain's types.
enum Subdomains {
    static let reserved = Subdomain.reserved

    static func isTenantID(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count == 10, let first = bytes.first, isLetter(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || isDigit($0) }
    }

    /// 3 to 63 characters; `--` is for workspaces and `tenant-` for ids.
    static func isSubdomain(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count) && isName(text) && !text.hasPrefix("tenant-")
    }

    static func isSlug(_ text: String) -> Bool { (1...40).contains(text.utf8.count) && isName(text) }

    /// Letters, digits and inner hyphens, never two of those in a row.
    private static func isName(_ text: String) -> Bool {
        var wasHyphen = true
        for byte in text.utf8 {
            if byte == UInt8(ascii: "-") {
                if wasHyphen { return false }
                wasHyphen = true
            } else {
                guard isLetter(byte) || isDigit(byte) else { return false }
                wasHyphen = false
            }
        }
        return !wasHyphen
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
