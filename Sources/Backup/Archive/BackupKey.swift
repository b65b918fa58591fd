import Crypto
import Foundation

/// The key with which archives are encrypted: 32 random bytes.
package struct BackupKey: Sendable {
    /// Names the key without telling it: 16 hexadecimal digits.
    package let id: String
    private let key: SymmetricKey

    /// - Parameter text: 32 bytes as Base64 or as 64 hexadecimal digits, perhaps with white space around.
    /// - Throws: `BackupError.refused` with a sentence that says how a key is made.
    package init(_ text: String) throws(BackupError) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bytes = Self.hexadecimal(trimmed) ?? Data(base64Encoded: trimmed).map(Array.init), bytes.count == 32
        else {
            throw .refused(
                "must be 32 bytes in Base64 or 64 hexadecimal digits; `openssl rand -base64 32` makes one")
        }
        key = SymmetricKey(data: bytes)
        id = Hexadecimal.text(SHA256.hash(data: Array("mockforge backup key".utf8) + bytes).prefix(8))
    }

    /// The key of one archive: the salt makes it another one for each, so that no counter is ever used twice.
    func archiveKey(salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: salt, info: Array("mockforge backup archive".utf8), outputByteCount: 32)
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

enum Hexadecimal {
    /// Two lower-case digits for each byte.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
