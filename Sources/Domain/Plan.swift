/// A limit that a plan sets on a tenant.
package enum QuotaKey: String, Sendable, CaseIterable {
    case maxWorkspaces = "max_workspaces"
    case maxMocks = "max_mocks"
    case maxRequestsPerMinute = "max_requests_per_minute"
    case maxStorageMB = "max_storage_mb"
    case maxUsers = "max_users"
    case maxRequestBodyKB = "max_request_body_kb"
    /// Mock requests in progress at one time, on each node.
    case maxConcurrentRequests = "max_concurrent_requests"
    /// Kilobits a second of mock traffic's bodies, both ways, on each node.
    case maxBandwidthKbps = "max_bandwidth_kbps"
}

/// A feature that a plan grants.
package enum PermissionKey: String, Sendable, CaseIterable {
    case useAIFeatures = "can_use_ai_features"
    case useAdvancedProtocols = "can_use_advanced_protocols"
    case exportData = "can_export_data"
    case integrateExternal = "can_integrate_external"
}

/// One limit; nil means unlimited and is written -1.
package struct QuotaLimit: Sendable, Hashable {
    package let value: Int?

    package init?(wireValue: Int) {
        guard wireValue >= -1 else { return nil }
        value = wireValue == -1 ? nil : wireValue
    }

    package var wireValue: Int { value ?? -1 }

    /// Whether `count` things may exist.
    package func allows(_ count: Int) -> Bool { value.map { count <= $0 } ?? true }
}

/// What a plan costs, for showing; billing reads the whole configuration of its own.
package struct PlanPrice: Sendable, Hashable {
    /// A month, in cents; nil when agreed by contract.
    package var baseCents: Int?
    package var isUsageBased: Bool

    package init(baseCents: Int?, isUsageBased: Bool) {
        self.baseCents = baseCents
        self.isUsageBased = isUsageBased
    }
}

/// What happens to a request that is over a limit.
package enum Enforcement: String, Sendable, CaseIterable {
    /// It is refused.
    case enforce
    /// It passes; it is counted, and its reply names the limit.
    case report
}

/// A named bundle of limits and features. Every key has a value.
package struct Plan: Sendable, Hashable {
    package let name: String
    package var quotas: [QuotaKey: QuotaLimit]
    package var permissions: [PermissionKey: Bool]
    package var price: PlanPrice
    package var usageRetention = UsageRetention()
    package var enforcement: Enforcement

    package init(
        name: String, quotas: [QuotaKey: QuotaLimit], permissions: [PermissionKey: Bool], price: PlanPrice,
        enforcement: Enforcement = .enforce
    ) {
        self.name = name
        self.quotas = quotas
        self.permissions = permissions
        self.price = price
        self.enforcement = enforcement
    }

    private static func standard(
        _ name: String, quotas: [Int], ai: Bool, protocols: Bool, export: Bool, external: Bool, price: PlanPrice
    ) -> Plan {
        Plan(
            name: name,
            quotas: Dictionary(
                uniqueKeysWithValues: zip(QuotaKey.allCases, quotas.map { QuotaLimit(wireValue: $0)! })),
            permissions: [
                .useAIFeatures: ai, .useAdvancedProtocols: protocols, .exportData: export, .integrateExternal: external,
            ],
            price: price)
    }

    package static let free = standard(
        "free", quotas: [2, 20, 600, 50, 2, 1024, 100, 100_000], ai: false, protocols: false, export: true,
        external: false,
        price: PlanPrice(baseCents: 0, isUsageBased: false))
    package static let professional = standard(
        "professional", quotas: [100, 1000, 10000, 5000, 25, 10240, 1000, 1_000_000], ai: true, protocols: true,
        export: true,
        external: true, price: PlanPrice(baseCents: 4900, isUsageBased: true))
    package static let enterprise = standard(
        "enterprise", quotas: [-1, -1, 100_000, 100_000, -1, 51200, -1, -1], ai: true, protocols: true, export: true,
        external: true, price: PlanPrice(baseCents: nil, isUsageBased: false))

    /// The defaults, cheapest first.
    package static let standardPlans = [free, professional, enterprise]
}

/// What holds for one tenant: its plan with the tenant's own overrides applied.
package struct Entitlements: Sendable, Hashable {
    package let quotas: [QuotaKey: QuotaLimit]
    package let permissions: [PermissionKey: Bool]
    package let enforcement: Enforcement

    package init(
        plan: Plan, quotaOverrides: [QuotaKey: QuotaLimit] = [:], permissionOverrides: [PermissionKey: Bool] = [:]
    ) {
        quotas = plan.quotas.merging(quotaOverrides) { $1 }
        permissions = plan.permissions.merging(permissionOverrides) { $1 }
        enforcement = plan.enforcement
    }

    package func limit(_ key: QuotaKey) -> QuotaLimit { quotas[key] ?? QuotaLimit(wireValue: 0)! }
    package func allows(_ key: PermissionKey) -> Bool { permissions[key] ?? false }
}

/// Where a tenant stands.
package enum TenantStatus: String, Sendable, CaseIterable {
    case active, trialing
    case pastDue = "past_due"
    case suspended, deleted
}

/// What an API key may do. The order is from least to most; a scope includes those before it.
package enum Scope: String, Sendable, CaseIterable, Comparable {
    case read, write, admin

    package static func < (left: Scope, right: Scope) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}
