import Domain
import Persistence

/// A link for a mail that signs one member in, once. As of the welcome link, the database knows the hash of its token only.
struct SignInLink: Sendable {
    let token: String
    let record: SignInLinkRecord

    init(_ link: MemberLink, of tenant: TenantID, at now: Timestamp, _ surroundings: Surroundings) {
        token = OneTimeLink.freshToken(surroundings)
        record = SignInLinkRecord(
            tokenHash: OneTimeLink.hash(token), tenantID: tenant, memberID: link.member, createdAt: now,
            expiresAt: now + .seconds(link.lifetime))
    }

    func put(into mail: Mail, _ addresses: PublicAddresses) -> Mail {
        OneTimeLink.put(addresses.signIn(token: token), into: mail)
    }
}
