import Domain
import Testing

struct PlanTests {
    @Test func `overrides win over the plan, key by key`() {
        let entitlements = Entitlements(
            plan: .free, quotaOverrides: [.maxMocks: QuotaLimit(wireValue: -1)!],
            permissionOverrides: [.useAIFeatures: true])
        #expect(entitlements.limit(.maxMocks).value == nil)
        #expect(entitlements.limit(.maxWorkspaces).value == 2)
        #expect(entitlements.allows(.useAIFeatures))
        #expect(!entitlements.allows(.integrateExternal))
    }

    @Test func `a limit lets its own number through and no more`() {
        let limit = QuotaLimit(wireValue: 2)!
        #expect(limit.allows(2))
        #expect(!limit.allows(3))
        #expect(QuotaLimit(wireValue: -1)!.allows(.max))
        #expect(QuotaLimit(wireValue: -2) == nil)
    }

    @Test func `every standard plan sets every key`() {
        for plan in Plan.standardPlans {
            #expect(Set(plan.quotas.keys) == Set(QuotaKey.allCases))
            #expect(Set(plan.permissions.keys) == Set(PermissionKey.allCases))
        }
    }
}
