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
                "monthly_cents": JSON(plan.price.baseCents), "currency": "usd",
                "usage_based": JSON(plan.price.isUsageBased),
            ],
        ]
    }
}
