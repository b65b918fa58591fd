package import Domain
package import Metering
package import Persistence
import Prometheus
import Synchronization

/// The tenants that this node has heard of: read from the platform's schema on demand, kept in memory, and read again when
/// an announcement says that one has changed.
package final class TenantDirectory: Sendable {
    /// What is known without reading anything.
    package enum Lookup: Sendable {
        case found(HostedTenant)
        case absent
        /// Call `load`.
        case unknown
    }

    /// Too many different tenants are being looked up at the same time.
    package struct Overload: Error, Sendable {}

    fileprivate struct State {
        var byID: [String: HostedTenant] = [:]
        var bySubdomain: [String: HostedTenant] = [:]
        /// References that named no tenant, and when to look again (microseconds).
        var absent: [TenantReference: Int64] = [:]
        var loads: [TenantReference: Task<HostedTenant?, any Error>] = [:]
        /// Counts announcements: what was read before one is not kept.
        var generation = 0
    }

    private enum Reading {
        case found(HostedTenant)
        case absent
    }

    private static let maxLoads = 1024
    /// A tenant with requests as recent as this stays, since its rate window must not be forgotten.
    private static let keptAfterUse: Int64 = 120_000_000

    private let configuration: DataPlaneConfiguration
    private let database: any Database
    private let limiters: RateLimiters
    private let meter: UsageMeter
    private let metrics: DataPlaneMetrics
    private let surroundings: Surroundings
    private let state = Mutex(State())

    package init(
        configuration: DataPlaneConfiguration, database: any Database, limiters: RateLimiters, meter: UsageMeter,
        metrics: DataPlaneMetrics, surroundings: Surroundings
    ) {
        self.configuration = configuration
        self.database = database
        self.limiters = limiters
        self.meter = meter
        self.metrics = metrics
        self.surroundings = surroundings
    }

    package func lookUp(_ reference: TenantReference, at now: Timestamp) -> Lookup {
        state.withLock { state in
            if let tenant = state.tenant(reference) {
                return tenant.currentAccess == .unknown ? .unknown : .found(tenant)
            }
            if let end = state.absent[reference], end > now.microseconds { return .absent }
            return .unknown
        }
    }

    /// The tenant if it is in memory and may have requests, and how it stands: the two are from the same moment.
    func openTenant(_ reference: TenantReference) -> (tenant: HostedTenant, standing: HostedTenant.Standing)? {
        state.withLock { state in
            guard let tenant = state.tenant(reference) else { return nil }
            let standing = tenant.standing
            return standing.access == .open ? (tenant, standing) : nil
        }
    }

    /// Whether the tenant is in memory, outdated or not.
    func holds(_ reference: TenantReference) -> Bool { state.withLock { $0.tenant(reference) != nil } }

    package func tenant(_ id: TenantID) -> HostedTenant? { state.withLock { $0.byID[id.text] } }

    package var tenants: [HostedTenant] { state.withLock { Array($0.byID.values) } }

    /// Reads the tenant's record; callers that ask for the same tenant at the same time share one reading.
    ///
    /// - Throws: what the database throws; `Overload`.
    package func load(_ reference: TenantReference) async throws -> HostedTenant? {
        metrics.cacheMisses.add()
        let task = try state.withLock { state in
            if let task = state.loads[reference] { return task }
            guard state.loads.count < Self.maxLoads else { throw Overload() }
            let task = Task { try await self.read(reference) }
            state.loads[reference] = task
            return task
        }
        return try await task.value
    }

    /// The tenant's record has changed, or a tenant has come into being.
    package func invalidate(_ id: TenantID) {
        state.withLock { state in
            state.generation += 1
            state.absent.removeAll()
            state.byID[id.text]?.markChanged()
        }
    }

    /// Compares a tenant's record in memory with the version that is stored; nil when none is.
    ///
    /// - Returns: whether it was outdated, and will be read again.
    func compare(_ id: TenantID, with version: Int?) -> Bool {
        state.withLock { state in
            // A reading that began before the change must not be kept.
            if !state.loads.isEmpty { state.generation += 1 }
            guard let tenant = state.byID[id.text] else { return false }
            // A key may have been revoked, which changes no record.
            tenant.verifiedKeys.removeAll()
            guard tenant.version != version else { return false }
            tenant.markChanged()
            return true
        }
    }

    private func read(_ reference: TenantReference) async throws -> HostedTenant? {
        do {
            while true {
                let generation = state.withLock { $0.generation }
                let record = try await record(reference)
                switch keep(record, for: reference, ifStill: generation) {
                case .found(let tenant): return tenant
                case .absent: return nil
                case nil: continue
                }
            }
        } catch {
            state.withLock { $0.loads[reference] = nil }
            throw error
        }
    }

    private func record(_ reference: TenantReference) async throws -> TenantRecord? {
        let record = try await database.read(.platform) { sql -> TenantRecord? in
            let tenants = TenantRepository(sql)
            if reference.kind != .subdomain, let id = TenantID(reference.text), let found = try tenants.find(id) {
                return found
            }
            guard reference.kind != .id, let subdomain = try? Subdomain(reference.text) else { return nil }
            return try tenants.find(subdomain: subdomain)
        }
        guard let record, record.isProvisioned, record.status != .deleted else { return nil }
        return record
    }

    /// Nil when something was announced while the record was read: it must be read again.
    private func keep(
        _ record: TenantRecord?, for reference: TenantReference, ifStill generation: Int
    ) -> Reading? {
        let now = surroundings.now()
        return state.withLock { state -> Reading? in
            guard state.generation == generation else { return nil }
            state.loads[reference] = nil
            guard let record else {
                if let gone = state.tenant(reference) { forget(gone, in: &state) }
                if state.absent.count >= configuration.maxAbsentTenants { state.absent.removeAll() }
                state.absent[reference] = (now + configuration.absentTenantLifetime).microseconds
                return .absent
            }
            let tenant = state.byID[record.id.text] ?? make(record, now)
            if state.bySubdomain[tenant.subdomain] === tenant { state.bySubdomain[tenant.subdomain] = nil }
            tenant.update(record, entitlements: entitlements(record))
            state.byID[record.id.text] = tenant
            state.bySubdomain[record.subdomain.text] = tenant
            if state.byID.count > configuration.maxTenants { evict(from: &state, now) }
            return .found(tenant)
        }
    }

    private func make(_ record: TenantRecord, _ now: Timestamp) -> HostedTenant {
        HostedTenant(
            record, limiter: limiters.limiter(for: record.id, limit: nil), usage: meter.usage(of: record.id),
            metrics: metrics, now: now)
    }

    /// A plan that the settings no longer have leaves the tenant with the least.
    private func entitlements(_ record: TenantRecord) -> Entitlements {
        Entitlements(
            plan: configuration.plan(record.plan) ?? .free, quotaOverrides: record.quotaOverrides,
            permissionOverrides: record.permissionOverrides)
    }

    private func forget(_ tenant: HostedTenant, in state: inout State) {
        state.byID[tenant.id.text] = nil
        let subdomain = tenant.subdomain
        if state.bySubdomain[subdomain] === tenant { state.bySubdomain[subdomain] = nil }
        tenant.markChanged()
        limiters.remove(tenant.id)
        metrics.forget(tenant.id)
    }

    /// Lets the tenth of the tenants go that were used longest ago.
    private func evict(from state: inout State, _ now: Timestamp) {
        let idle = state.byID.values
            .map { (tenant: $0, lastUsed: $0.lastUsed.load(ordering: .relaxed)) }
            .filter { now.microseconds - $0.lastUsed > Self.keptAfterUse }
            .sorted { $0.lastUsed < $1.lastUsed }
        for entry in idle.prefix(configuration.maxTenants / 10 + 1) {
            state.byID[entry.tenant.id.text] = nil
            let subdomain = entry.tenant.subdomain
            if state.bySubdomain[subdomain] === entry.tenant { state.bySubdomain[subdomain] = nil }
            entry.tenant.markChanged()
            limiters.remove(entry.tenant.id)
        }
    }
}

extension TenantDirectory.State {
    fileprivate func tenant(_ reference: TenantReference) -> HostedTenant? {
        switch reference.kind {
        case .id: byID[reference.text]
        case .subdomain: bySubdomain[reference.text]
        case .either: byID[reference.text] ?? bySubdomain[reference.text]
        }
    }
}
