import Domain
import HTTPTypes
import JSON

/// `/plans`: what this installation sells.
enum PlanRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/plans",
            .admin { context in .object(["data": .array(context.platform.plans.plans.map(json))]) })
    ]

    private static func json(_ plan: Plan) -> JSON {
        let entitlements = Entitlements(plan: plan)
        return [
            "name": .string(plan.name), "quotas": entitlements.quotasJSON, "permissions": entitlements.permissionsJSON,
            "price": [
                "base_price": plan.price.amount, "monthly_cents": JSON(plan.price.baseCents), "currency": "usd",
                "usage_based": JSON(plan.price.isUsageBased),
            ],
        ]
    }
}

extension PlanPrice {
    /// A month's price in whole and hundredth units, such as `49.00`; null when it is agreed by contract.
    fileprivate var amount: JSON {
        guard let baseCents else { return .null }
        let hundredths = baseCents % 100
        return .number(
            JSONNumber(validLiteral: "\(baseCents / 100).\(hundredths < 10 ? "0" : "")\(hundredths)"))
    }
}
