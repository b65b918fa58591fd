import Crypto
import Domain
import Foundation
import Persistence

/// A link for a mail that lets its reader have one API key, once. The token is in the mail and nowhere else: the database
/// knows its hash.
struct OneTimeLink: Sendable {
    /// In the text of a stored mail, where the link goes when the mail is sent.
    static let mark = "{{one-time-link}}"
    private static let lifetime = Duration.seconds(3 * 86_400)
    private static let tokenLength = 43

    let token: String
    let record: OneTimeLinkRecord

    init(of tenant: TenantID, at now: Timestamp, _ surroundings: Surroundings) {
        token = Self.freshToken(surroundings)
        record = OneTimeLinkRecord(
            tokenHash: Self.hash(token), tenantID: tenant, createdAt: now, expiresAt: now + Self.lifetime)
    }

    /// 32 random bytes as 43 characters of base62.
    static func freshToken(_ surroundings: Surroundings) -> String {
        var bytes: [UInt8] = []
        while bytes.count < 32 {
            withUnsafeBytes(of: surroundings.random().bigEndian) { bytes.append(contentsOf: $0) }
        }
        return Base62.text(bytes, length: tokenLength)
    }

    /// Whether a text has the form of a token; what has not needs no look into the database.
    static func isToken(_ text: String) -> Bool {
        text.utf8.count == tokenLength && text.utf8.allSatisfy(Base62.contains)
    }

    /// SHA-256; the token has 256 random bits, so a slow hash would add nothing.
    static func hash(_ token: String) -> String { Hexadecimal.text(SHA256.hash(data: Data(token.utf8))) }

    func put(into mail: Mail, _ addresses: PublicAddresses) -> Mail {
        Self.put(addresses.welcome(token: token), into: mail)
    }

    static func put(_ link: String, into mail: Mail) -> Mail {
        Mail(
            id: mail.id, to: mail.to, subject: mail.subject, text: mail.text.replacing(mark, with: link),
            html: mail.html?.replacing(mark, with: link))
    }
}
