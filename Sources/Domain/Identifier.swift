/// What an identifier names; gives the prefix by which a reader tells a workspace's id from a mock's.
package protocol IdentifierKind: Sendable {
    static var prefix: String { get }
}

/// A validated id such as `ws_5k2p9m3q7r1t8v4x`: the kind's prefix, `_`, and 16 characters of `[a-z0-9]`.
package struct Identifier<Kind: IdentifierKind>:
    Sendable, BitwiseCopyable, Hashable, Comparable, CustomStringConvertible
{
    private static var length: Int { Kind.prefix.utf8.count + 1 + Letters.capacity }

    private let letters: Letters

    /// Nil when `text` is not an id of this kind.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == Self.length, bytes.starts(with: Kind.prefix.utf8),
            bytes.dropFirst(Kind.prefix.utf8.count).first == UInt8(ascii: "_"),
            let letters = Letters(bytes.suffix(Letters.capacity))
        else { return nil }
        self.letters = letters
    }

    /// A fresh id: 16 characters carry 82 bits.
    package init(from surroundings: Surroundings) {
        letters = Letters(count: Letters.capacity, from: surroundings)
    }

    package var text: String { "\(Kind.prefix)_\(letters.text)" }

    /// Writes the 16 characters without what stands before them.
    package func writeLetters(to target: UnsafeMutableRawPointer) { letters.write(to: target) }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.letters < right.letters }
}

package enum WorkspaceKind: IdentifierKind { package static let prefix = "ws" }
package enum MockKind: IdentifierKind { package static let prefix = "mock" }
package enum RouteKind: IdentifierKind { package static let prefix = "route" }
package enum APIKeyKind: IdentifierKind { package static let prefix = "key" }
package enum MemberKind: IdentifierKind { package static let prefix = "mem" }
package enum SignInRequestKind: IdentifierKind { package static let prefix = "signin" }
package enum AuditKind: IdentifierKind { package static let prefix = "audit" }
package enum MailKind: IdentifierKind { package static let prefix = "mail" }
package enum BackupOperationKind: IdentifierKind { package static let prefix = "op" }
package enum AssetKind: IdentifierKind { package static let prefix = "asset" }
package enum ExportKind: IdentifierKind { package static let prefix = "export" }
package enum JournalKind: IdentifierKind { package static let prefix = "req" }

package typealias WorkspaceID = Identifier<WorkspaceKind>
package typealias MockID = Identifier<MockKind>
package typealias RouteID = Identifier<RouteKind>
package typealias APIKeyID = Identifier<APIKeyKind>
package typealias MemberID = Identifier<MemberKind>
package typealias SignInRequestID = Identifier<SignInRequestKind>
package typealias AuditID = Identifier<AuditKind>
package typealias MailID = Identifier<MailKind>
package typealias BackupOperationID = Identifier<BackupOperationKind>
package typealias AssetID = Identifier<AssetKind>
package typealias ExportID = Identifier<ExportKind>
package typealias JournalID = Identifier<JournalKind>

/// A tenant's id: 10 characters of `[a-z0-9]`, the first a letter, so that it is safe in URLs, file names and schema names.
package struct TenantID: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let letters: Letters

    package init?(_ text: String) {
        guard text.utf8.count == 10, let first = text.utf8.first, first >= UInt8(ascii: "a"),
            let letters = Letters(text.utf8[...])
        else { return nil }
        self.letters = letters
    }

    package init(from surroundings: Surroundings) {
        var generator = surroundings.generator
        let first = UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &generator)
        letters = Letters(count: 10, first: first, from: surroundings)
    }

    package var text: String { letters.text }

    /// Writes 16 bytes: the ten characters, and six zeros.
    package func writeLetters(to target: UnsafeMutableRawPointer) { letters.write(to: target) }

    /// The name of the tenant's database schema.
    package var schemaName: String { "tenant_" + text }

    package var description: String { text }

    package static func < (left: TenantID, right: TenantID) -> Bool { left.letters < right.letters }
}
