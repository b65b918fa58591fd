import Crypto

/// A Lua script that the server runs as one step. It is sent by its digest, and whole only to a server that does not
/// know it.
package struct RedisScript: Sendable {
    package let text: String
    /// SHA-1 in hexadecimal, as EVALSHA wants it.
    package let digest: String

    package init(_ text: String) {
        self.text = text
        digest = Insecure.SHA1.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
