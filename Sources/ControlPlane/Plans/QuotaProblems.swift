import Domain
import JSON
import Metering

extension TenantContext {
    /// Whether what is over a limit passes all the same, because the plan or the platform only reports. Counts it then.
    func letsPass(_ key: QuotaKey) -> Bool {
        platform.enforcement.letsPass(key, plan: entitlements.enforcement)
    }
}

extension Reply {
    /// Names a limit that the request is over, though it passed.
    mutating func nameLimit(_ key: QuotaKey) { headers.append(("MockForge-Would-Refuse", key.rawValue)) }
}

extension Problem {
    /// A row that changed between our reading and our writing it: 409, and the client may repeat.
    static let changedMeanwhile = Problem(
        .conflict, code: "changed_meanwhile", detail: "The object was changed by another request; repeat this one.")

    /// A count or size that the tenant's plan does not allow: 403 with the limit, what there is, and the plan that helps.
    ///
    /// - Parameter needed: how much there would be, in the quota's own unit.
    static func quotaExceeded(
        _ key: QuotaKey, limit: QuotaLimit, current: Int, needed: Int? = nil, plans: PlanCatalog
    ) -> Problem {
        let needed = needed ?? current + 1
        let helping = plans.plans.first { $0.quotas[key]?.allows(needed) ?? false }
        let advice = helping.map { "The plan \"\($0.name)\" allows it." } ?? "No plan allows more; ask your operator."
        return Problem(
            .forbidden, code: "quota_exceeded",
            detail: "The plan's \(key.rawValue) is \(limit.wireValue), and \(current) are in use. \(advice)",
            members: [
                "quota": .string(key.rawValue), "limit": JSON(limit.wireValue), "current": JSON(current),
                "plan": JSON(helping?.name), "allowed_by_plan": JSON(helping?.name),
            ])
    }

    /// A feature that the tenant's plan does not grant: 403 with its name.
    static func permissionMissing(_ key: PermissionKey, plans: PlanCatalog) -> Problem {
        let helping = plans.plans.first { $0.permissions[key] ?? false }
        let advice = helping.map { "The plan \"\($0.name)\" grants it." } ?? "No plan grants it; ask your operator."
        return Problem(
            .forbidden, code: "permission_missing",
            detail: "The tenant's plan does not grant \(key.rawValue). \(advice)",
            members: [
                "permission": .string(key.rawValue), "plan": JSON(helping?.name),
                "granted_by_plan": JSON(helping?.name),
            ])
    }
}
