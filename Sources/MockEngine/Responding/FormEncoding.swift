/// `application/x-www-form-urlencoded`: query strings and form bodies.
package enum FormEncoding {
    /// The pairs in order, decoded; malformed escapes are kept as they are, as browsers do.
    package static func pairs(_ text: String, limit: Int = 1000) -> [(name: String, value: String)] {
        guard !text.isEmpty else { return [] }
        return text.utf8.split(separator: UInt8(ascii: "&")).prefix(limit).map { pair in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return (decode(pair), "") }
            return (decode(pair[..<equals]), decode(pair[pair.index(after: equals)...]))
        }
    }

    static func decode(_ bytes: Substring.UTF8View, plusIsSpace: Bool = true) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index = bytes.index(after: index)
            if byte == UInt8(ascii: "+"), plusIsSpace {
                result.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), let (value, next) = hexadecimal(bytes, index) {
                result.append(value)
                index = next
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Percent-decoding alone, as in a path segment.
    package static func percentDecode(_ text: Substring) -> String {
        text.utf8.contains(UInt8(ascii: "%")) ? decode(text.utf8, plusIsSpace: false) : String(text)
    }

    private static func hexadecimal(
        _ bytes: Substring.UTF8View, _ index: Substring.Index
    ) -> (UInt8, Substring.Index)? {
        guard index < bytes.endIndex else { return nil }
        let second = bytes.index(after: index)
        guard second < bytes.endIndex, let high = digit(bytes[index]), let low = digit(bytes[second]) else {
            return nil
        }
        return (high << 4 | low, bytes.index(after: second))
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// The `Cookie` request header (RFC 6265 section 4.2).
package enum CookieHeader {
    package static func pairs(_ headers: [HeaderField]) -> [(name: String, value: String)] {
        headers.filter { $0.name == "cookie" }.flatMap { header in
            header.value.split(separator: ";").prefix(200).compactMap { part in
                let part = part.drop { $0 == " " }
                guard let equals = part.firstIndex(of: "=") else { return nil }
                var value = part[part.index(after: equals)...]
                if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
                return (name: String(part[..<equals]), value: String(value))
            }
        }
    }
}
