import Domain
import Persistence

/// Whether a tenant's status lets it call an endpoint. The one place for every rule of this kind.
enum AccountStanding {
    /// - Throws: 403 for a suspended tenant, except for reads of its own account.
    static func check(_ tenant: TenantRecord, _ endpoint: Endpoint) throws(Problem) {
        switch tenant.status {
        case .active, .trialing, .pastDue:
            // Billing refuses the writes of a tenant whose grace has ended here, with 402, once it knows the grace.
            return
        case .suspended:
            if endpoint.isOpenToSuspended { return }
            throw Problem(
                .forbidden, code: "tenant_suspended",
                detail: "This account is suspended: it can read its own record, usage and keys, and nothing else.")
        case .deleted:
            throw Problem.notFound("tenant")
        }
    }
}
