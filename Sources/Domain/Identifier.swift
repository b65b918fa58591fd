/// What an identifier names; gives the prefix by which a reader tells a workspace's id from a mock's.
package protocol IdentifierKind: Sendable {
    static var prefix: String { get }
}

/// A validated id such as `ws_5k2p9m3q7r1t8v4x`: the kind's prefix, `_`, and 16 characters of `[a-z0-9]`.
package struct Identifier<Kind: IdentifierKind>: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    /// Nil when `text` is not an id of this kind.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == Kind.prefix.utf8.count + 17, text.hasPrefix(Kind.prefix + "_"),
            bytes.suffix(16).allSatisfy(Alphabet.isLowerAlphanumeric)
        else { return nil }
        self.text = text
    }

    /// A fresh id: 16 characters carry 82 bits.
    package init(from surroundings: Surroundings) {
        text = Kind.prefix + "_" + Alphabet.randomText(length: 16, from: surroundings)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
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
    package let text: String

    package init?(_ text: String) {
        guard text.utf8.count == 10, let first = text.utf8.first, first >= 97, first <= 122,
            text.utf8.allSatisfy(Alphabet.isLowerAlphanumeric)
        else { return nil }
        self.text = text
    }

    package init(from surroundings: Surroundings) {
        var generator = surroundings.generator
        let letter = Unicode.Scalar(UInt8.random(in: 97...122, using: &generator))
        text = String(Character(letter)) + Alphabet.randomText(length: 9, from: surroundings)
    }

    /// The name of the tenant's database schema.
    package var schemaName: String { "tenant_" + text }

    package var description: String { text }

    package static func < (left: TenantID, right: TenantID) -> Bool { left.text < right.text }
}

enum Alphabet {
    static let lowerAlphanumeric = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)

    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }

    static func randomText(length: Int, from surroundings: Surroundings) -> String {
        var generator = surroundings.generator
        return String(
            decoding: (0..<length).map { _ in lowerAlphanumeric.randomElement(using: &generator)! }, as: UTF8.self)
    }
}
