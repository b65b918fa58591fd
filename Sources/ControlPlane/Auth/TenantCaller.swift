import Domain
import Persistence

/// Who acts for a tenant, and with which rights.
package struct TenantCaller: Sendable {
    let actor: Actor
    let role: MemberRole
    /// Nil for an API key.
    let signIn: SignIn?

    init(_ key: APIKeyRecord) {
        actor = .key(key.id, of: key.tenantID)
        role = key.scope.role
        signIn = nil
    }

    init(_ signIn: SignIn, of tenant: TenantID) {
        actor = .member(signIn.member.id, of: tenant)
        role = signIn.member.role
        self.signIn = signIn
    }
}

/// A member's session, as this request found it.
struct SignIn: Sendable {
    let member: MemberRecord
    let session: SessionRecord
    let tokenHash: String
}

extension TenantContext {
    /// Nobody hands out, changes or takes away more than they have.
    ///
    /// - Throws: 403 for somebody with a lesser role.
    func requireRights(of role: MemberRole) throws(Problem) {
        guard caller.role >= role else {
            throw Problem(
                .forbidden, code: "insufficient_role",
                detail: "Only an owner can make, change or remove an owner, or have a key with the scope admin made; "
                    + "your role is \(caller.role.rawValue).")
        }
    }
}
