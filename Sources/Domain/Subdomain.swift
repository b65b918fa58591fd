/// A tenant's name in host names: 3 to 63 characters of `[a-z0-9-]`, neither first nor last a hyphen, and not reserved.
package struct Subdomain: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Why a text is no subdomain; the message says what to do instead.
    package struct Refusal: Error, Sendable, Hashable {
        /// `invalid_format` or `reserved`.
        package let code: String
        package let message: String
    }

    package static let reserved: Set<String> = ["api", "www", "admin", "app", "status", "mail"]

    package init(_ text: String) throws(Refusal) {
        let bytes = Array(text.utf8)
        guard (3...63).contains(bytes.count) else {
            throw Refusal(code: "invalid_format", message: "must have 3 to 63 characters, has \(bytes.count)")
        }
        guard bytes.allSatisfy({ Alphabet.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }),
            bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-")
        else {
            throw Refusal(
                code: "invalid_format",
                message: "may hold only lower-case letters, digits and inner hyphens, such as \"acme-corp\"")
        }
        if Self.reserved.contains(text) || text.hasPrefix("tenant-") || text.contains("--") {
            throw Refusal(code: "reserved", message: "\"\(text)\" is reserved; choose another name")
        }
        self.text = text
    }

    package var description: String { text }
}

/// A workspace's name in paths and host names: 1 to 40 characters of `[a-z0-9-]`, no `--`, no hyphen at either end.
package struct Slug: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package static let `default` = Slug("default")!

    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...40).contains(bytes.count),
            bytes.allSatisfy({ Alphabet.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }),
            bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-"), !text.contains("--")
        else { return nil }
        self.text = text
    }

    /// The slug nearest to a name: "Production (EU)" becomes `production-eu`; nil when no letter or digit is left.
    package init?(slugifying name: String) {
        var bytes: [UInt8] = []
        for byte in name.lowercased().utf8 {
            if Alphabet.isLowerAlphanumeric(byte) {
                bytes.append(byte)
            } else if let last = bytes.last, last != UInt8(ascii: "-") {
                bytes.append(UInt8(ascii: "-"))
            }
        }
        bytes = Array(bytes.prefix(40))
        while bytes.last == UInt8(ascii: "-") { bytes.removeLast() }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    package var description: String { text }
}
