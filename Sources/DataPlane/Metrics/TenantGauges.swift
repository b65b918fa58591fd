import Domain
import Logging
import Metering
import Persistence
import Prometheus
import Synchronization

/// Brings those metrics up to date that are read from the database or averaged over time.
final class TenantGauges: Sendable {
    private static let sampleInterval = Duration.seconds(5)
    /// Counting rows is dearer.
    private static let countInterval = Duration.seconds(30)
    /// Nobody waits for the counts, so that those of many tenants take a twentieth of a core at most: after each comes a
    /// pause of so many times its length.
    private static let pace = BackgroundPace(pausing: 19)
    private static let activeFor: Int64 = 300_000_000

    private let database: any Database
    private let objects: any ObjectStore
    private let directory: TenantDirectory
    private let metrics: DataPlaneMetrics
    private let loopLag: EventLoopLag
    private let watch: QuotaWatch
    private let surroundings: Surroundings
    private let logger: Logger
    private let turns = Mutex(CountingTurns())

    init(
        database: any Database, objects: any ObjectStore, directory: TenantDirectory, metrics: DataPlaneMetrics,
        loopLag: EventLoopLag, watch: QuotaWatch, surroundings: Surroundings, logger: Logger
    ) {
        self.database = database
        self.objects = objects
        self.loopLag = loopLag
        self.directory = directory
        self.metrics = metrics
        self.watch = watch
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Works until it is cancelled.
    func keepUpToDate() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepSampling() }
            group.addTask { await self.keepCounting() }
        }
    }

    private func keepSampling() async {
        while !Task.isCancelled {
            sample()
            await lookAtRates()
            metrics.loopLag.set(Double(await loopLag.measure().microseconds) / 1_000_000)
            try? await Task.sleep(for: Self.sampleInterval)
        }
    }

    private func keepCounting() async {
        while !Task.isCancelled {
            await count()
            try? await Task.sleep(for: Self.countInterval)
        }
    }

    /// The tenant has changed, so that its rows are counted again soon.
    func note(_ tenant: TenantID) { turns.withLock { $0.changed(tenant) } }

    /// Rates, and what is known without the database.
    func sample() {
        let now = surroundings.now()
        metrics.sample(at: now)
        let active = activeTenants(now)
        metrics.activeTenantsHere.set(Double(active.count))
        for tenant in active {
            metrics.setQuota(
                .maxRequestsPerMinute, used: Double(tenant.limiter.use { $0.used(at: now) }),
                limit: tenant.entitlements?.limit(.maxRequestsPerMinute).value, of: tenant.id)
            metrics.setQuota(
                .maxConcurrentRequests, used: Double(tenant.places.used), limit: tenant.places.most, of: tenant.id)
        }
    }

    /// Tells tenants that are near their rate or at it.
    func lookAtRates() async {
        let now = surroundings.now()
        for tenant in activeTenants(now) {
            await watch.look(
                at: .maxRequestsPerMinute, used: tenant.limiter.use { $0.used(at: now) },
                limit: tenant.entitlements?.limit(.maxRequestsPerMinute).value, of: tenant.record)
        }
    }

    /// What only the database knows.
    func count() async {
        do {
            let (live, waiting, dead) = try await database.read(.platform) { sql in
                let tenants = TenantRepository(sql)
                let statuses: [TenantStatus] = [.active, .trialing, .pastDue]
                return (
                    try statuses.map { try tenants.count(TenantFilter(status: $0)) }.reduce(0, +),
                    try OutboxRepository(sql).pendingCount(), try OutboxRepository(sql).deadCount()
                )
            }
            metrics.outbox.set(Double(waiting))
            metrics.deadLetters.set(Double(dead))
            metrics.activeTenants.set(Double(live))
            let now = surroundings.now()
            let active = activeTenants(now)
            for turn in turns.withLock({ $0.next(of: active.map(\.id), at: now) }) {
                guard !Task.isCancelled else { return }
                guard let tenant = directory.tenant(turn.tenant) else { continue }
                let start = ContinuousClock.now
                try await count(tenant, storage: turn.measuresStorage)
                await Self.pace.rest(since: start)
            }
        } catch {
            logger.warning("the metrics of tenants could not be brought up to date", metadata: ["error": "\(error)"])
        }
    }

    private func count(_ tenant: HostedTenant, storage: Bool) async throws {
        do {
            let (workspaces, mocks, members) = try await database.read(.tenant(tenant.id)) { sql in
                (
                    try WorkspaceRepository(sql).count(), try MockRepository(sql).count(),
                    try MemberRepository(sql).count()
                )
            }
            metrics.setWorkspaces(workspaces, of: tenant.id)
            guard let entitlements = tenant.entitlements else { return }
            if storage {
                let files = try await objects.list(prefix: "", tenant: tenant.id).reduce(0) { $0 + $1.size }
                let bytes = try await database.size(of: tenant.id) + files
                metrics.setQuota(
                    .maxStorageMB, used: Double(bytes) / 1_048_576, limit: entitlements.limit(.maxStorageMB).value,
                    of: tenant.id)
            }
            for (key, used) in [(QuotaKey.maxWorkspaces, workspaces), (.maxMocks, mocks), (.maxUsers, members)] {
                metrics.setQuota(key, used: Double(used), limit: entitlements.limit(key).value, of: tenant.id)
                await watch.look(at: key, used: used, limit: entitlements.limit(key).value, of: tenant.record)
            }
        } catch DatabaseError.noSuchSchema {
            // Purged since it was last used.
        }
    }

    private func activeTenants(_ now: Timestamp) -> [HostedTenant] {
        directory.tenants
            .map { (tenant: $0, lastUsed: $0.lastUsed.load(ordering: .relaxed)) }
            .filter { now.microseconds - $0.lastUsed < Self.activeFor }
            .sorted { $0.lastUsed > $1.lastUsed }
            .map(\.tenant)
    }
}
