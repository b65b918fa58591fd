package import Domain
package import JSON
package import Persistence

/// The plans that this installation sells, cheapest first.
package struct PlanCatalog: Sendable {
    package let plans: [Plan]

    /// - Parameter plans: at least one.
    package init(_ plans: [Plan] = Plan.standardPlans) {
        precondition(!plans.isEmpty, "an installation without plans cannot hold a tenant")
        self.plans = plans
    }

    package subscript(name: String) -> Plan? { plans.first { $0.name == name } }

    package var names: [String] { plans.map(\.name) }

    /// A tenant's plan. One that is no longer configured becomes the least, so that a mistake in the configuration never
    /// gives something away.
    package func plan(of tenant: TenantRecord) -> Plan { self[tenant.plan] ?? plans[0] }

    /// What holds for a tenant now.
    package func entitlements(of tenant: TenantRecord) -> Entitlements {
        Entitlements(
            plan: plan(of: tenant), quotaOverrides: tenant.quotaOverrides,
            permissionOverrides: tenant.permissionOverrides)
    }
}

extension Entitlements {
    package var quotasJSON: JSON {
        .object(JSONObject(QuotaKey.allCases.map { ($0.rawValue, JSON(limit($0).wireValue)) }))
    }

    package var permissionsJSON: JSON {
        .object(JSONObject(PermissionKey.allCases.map { ($0.rawValue, JSON(allows($0))) }))
    }
}
