import Crypto
import Domain
import Foundation

/// The text that a client shows: `sk_live_`, 32 random bytes as 43 characters of base62, and a checksum of 6.
///
/// The checksum lets a mistyped or made-up key be refused without asking the database, and scanners of leaked code tell
/// a key from chance.
struct APIKeySecret: Sendable {
    static let prefix = "sk_live_"
    private static let randomLength = 43
    private static let checksumLength = 6
    static let length = prefix.utf8.count + randomLength + checksumLength

    let text: String

    init(from surroundings: Surroundings) {
        var bytes: [UInt8] = []
        while bytes.count < 32 {
            let word = surroundings.random()
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        let body = Self.prefix + Base62.text(bytes, length: Self.randomLength)
        text = body + Self.checksum(body)
    }

    /// Nil when the form or the checksum is wrong.
    init?(_ text: String) {
        guard text.utf8.count == Self.length, text.hasPrefix(Self.prefix),
            text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy(Base62.contains),
            text.hasSuffix(Self.checksum(String(text.dropLast(Self.checksumLength))))
        else { return nil }
        self.text = text
    }

    /// By which the row is found: the first 16 characters.
    var lookupPrefix: String { String(text.prefix(16)) }

    /// SHA-256, hexadecimal: what is stored. The text has 256 random bits, so a slow hash would add nothing.
    var hash: String { Hexadecimal.text(SHA256.hash(data: Data(text.utf8))) }

    private static func checksum(_ text: String) -> String {
        let sum = CyclicRedundancy.checksum(text.utf8)
        return Base62.text((0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }, length: checksumLength)
    }
}

enum Base62 {
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func contains(_ byte: UInt8) -> Bool { digits.contains(byte) }

    /// A big-endian number in base 62, filled with zeros on the left to `length`, which must be enough.
    static func text(_ bytes: [UInt8], length: Int) -> String {
        var number = bytes
        var result = [UInt8](repeating: digits[0], count: length)
        for position in result.indices.reversed() {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            result[position] = digits[remainder]
        }
        return String(decoding: result, as: UTF8.self)
    }
}

enum CyclicRedundancy {
    /// CRC-32 as in ISO 3309 (reflected, polynomial 0xEDB88320).
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
