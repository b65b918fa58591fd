import Crypto

/// One numbered step of a schema. Once it has landed it is never edited: databases remember its checksum.
package struct Migration: Sendable, Hashable {
    /// 1, 2, 3, … without a gap.
    package let version: Int
    package let name: String
    /// Statements that SQLite and PostgreSQL both take.
    package let sql: String
    /// SHA-256 of the text, hexadecimal.
    package let checksum: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
        checksum = SHA256.hash(data: Array(sql.utf8)).hexadecimal
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits for each byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
