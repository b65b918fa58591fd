import Crypto
import Domain
import Foundation

/// The text that a signed-in member shows: `mfs_`, the tenant's id, and 32 random bytes as 43 characters of base62.
///
/// The tenant's id says where to look and opens nothing by itself: the store knows the hash of the whole text.
struct SessionToken: Sendable {
    static let prefix = "mfs_"
    /// How long a session lasts that nobody uses.
    static let idle = Duration.seconds(12 * 3600)
    /// How long a session lasts at most.
    static let lifetime = Duration.seconds(7 * 86_400)
    private static let tenantLength = 10
    private static let randomLength = 43

    let text: String
    let tenant: TenantID

    init(of tenant: TenantID, from surroundings: Surroundings) {
        self.tenant = tenant
        text = Self.prefix + tenant.text + OneTimeLink.freshToken(surroundings)
    }

    /// Nil when the form is wrong.
    init?(_ text: String) {
        guard text.utf8.count == Self.prefix.utf8.count + Self.tenantLength + Self.randomLength,
            text.utf8.allSatisfy({ Base62.contains($0) || $0 == UInt8(ascii: "_") }), text.hasPrefix(Self.prefix),
            let tenant = TenantID(String(text.dropFirst(Self.prefix.count).prefix(Self.tenantLength)))
        else { return nil }
        self.text = text
        self.tenant = tenant
    }

    /// SHA-256, hexadecimal: what the store knows. The text has 256 random bits, so a slow hash would add nothing.
    var hash: String { Hexadecimal.text(SHA256.hash(data: Data(text.utf8))) }
}
