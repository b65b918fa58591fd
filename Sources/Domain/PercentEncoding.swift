/// Percent-encoding of the parts of addresses (RFC 3986).
package enum PercentEncoding {
    package enum Malformed: Error, Sendable {
        /// A `%` without two hexadecimal digits.
        case escape
        /// What comes out is not UTF-8, or holds a NUL.
        case text
    }

    /// The text that `text` spells.
    package static func decode(
        _ text: Substring, plusIsSpace: Bool = false, allowsNUL: Bool = false
    ) throws(Malformed) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    throw .escape
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard allowsNUL || !bytes.contains(0), let result = String(validating: bytes, as: UTF8.self) else {
            throw .text
        }
        return result
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
