import Domain
import Persistence

/// The mails with a link that signs a member in.
enum SignInMail {
    private static let invitationDays = 7
    private static let requestedMinutes = 15

    /// Says that somebody has become a member.
    static func invitation(
        _ member: MemberRecord, of tenant: TenantRecord, _ platform: Platform
    ) -> OutboxRecord {
        let name = plain(tenant.name)
        return record(
            member, of: tenant, platform, subject: "You are a member of \(name) on MockForge",
            text: """
                You are now a member of "\(name)" on MockForge; your role is \(member.role.rawValue). Sign in here:

                \(OneTimeLink.mark)

                The link works once, within \(invitationDays) days. Afterwards you get another one at any time: ask for it at

                \(platform.addresses.signInPage)

                with this address and the subdomain \(tenant.subdomain).

                """, lifetime: invitationDays * 86_400)
    }

    /// Holds the link that the member asked for.
    static func requested(
        _ member: MemberRecord, of tenant: TenantRecord, _ platform: Platform
    ) -> OutboxRecord {
        let name = plain(tenant.name)
        return record(
            member, of: tenant, platform, subject: "Sign in to \(name) on MockForge",
            text: """
                Sign in to "\(name)" on MockForge here:

                \(OneTimeLink.mark)

                The link works once, within \(requestedMinutes) minutes. If you did not ask for it, leave it alone: nobody
                can sign in without it.

                """, lifetime: requestedMinutes * 60)
    }

    private static func record(
        _ member: MemberRecord, of tenant: TenantRecord, _ platform: Platform, subject: String, text: String,
        lifetime: Int
    ) -> OutboxRecord {
        let now = platform.surroundings.now()
        return OutboxRecord(
            mail: Mail(id: MailID(from: platform.surroundings), to: member.email, subject: subject, text: text),
            tenantID: tenant.id, memberLink: MemberLink(member: member.id, lifetime: lifetime), createdAt: now,
            nextAttemptAt: now)
    }

    /// A name could hold the mark of the link.
    private static func plain(_ name: String) -> String { name.replacing(OneTimeLink.mark, with: "") }
}
