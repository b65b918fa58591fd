import Domain
import Persistence

/// The member that every tenant begins with: its administrator, as an owner.
///
/// Provisioning makes it. A tenant from before there were members, or one copied from a backup, gets it as soon as somebody
/// asks for its members or to sign in. Since the last owner cannot be removed, no members means that there never were any.
struct FirstOwner: Sendable {
    private let record: MemberRecord

    /// - Parameter moment: since when there is the tenant, so that its owner is the first in every list.
    init(email: String, name: String, since moment: Timestamp, _ surroundings: Surroundings) {
        record = MemberRecord(
            id: MemberID(from: surroundings), email: email.lowercased(), name: name, role: .owner,
            createdAt: moment, updatedAt: moment)
    }

    /// Does nothing where there are members.
    func insertIfNeeded(_ sql: any SQLSession) throws {
        if try MemberRepository(sql).count() == 0 { try MemberRepository(sql).insert(record) }
    }

    static func ensure(of tenant: TenantRecord, _ platform: Platform) async throws {
        let hasMembers = try await platform.database.read(.tenant(tenant.id)) { sql in
            try MemberRepository(sql).count() > 0
        }
        if hasMembers { return }
        let owner = FirstOwner(
            email: tenant.adminEmail, name: tenant.adminName, since: tenant.createdAt, platform.surroundings)
        try await platform.database.write(.tenant(tenant.id)) { sql in try owner.insertIfNeeded(sql) }
    }
}
