package import Domain
package import Logging
package import Metering
package import Persistence
package import Prometheus
import ServiceLifecycle

/// The half of the product that answers mock traffic. Put `makeHandler()` into every HTTP pipeline before the control
/// plane's own handler; requests that are not for a tenant pass through it untouched. Run it as a service for its
/// background work. Usage counts are the meter's, which is a service of its own.
package final class DataPlane: Service {
    /// Whether a secret is a valid API key of the tenant. Asked only for workspaces that require a key.
    package typealias KeyVerifier = @Sendable (_ secret: String, _ tenant: TenantID) async -> Bool

    package let configuration: DataPlaneConfiguration
    package let drain = DrainState()
    package let directory: TenantDirectory
    package let snapshots: SnapshotCache
    let limiters: RateLimiters
    let metrics: DataPlaneMetrics
    let surroundings: Surroundings
    let logger: Logger
    let verifyKey: KeyVerifier
    let ids: RequestIDs
    /// Whose turn it is in routes with a sequence of responses, where several nodes share that.
    let scenarios: (any ScenarioState)?
    let dates = DateLine()
    let toolbox: PlainToolbox
    /// What makes lost announcements harmless.
    package let versions: VersionPoll
    let loopLag = EventLoopLag()
    let enforcement: EnforcementSwitch
    private let database: any Database
    private let gauges: TenantGauges

    package init(
        configuration: DataPlaneConfiguration, database: any Database, objects: any ObjectStore,
        journal: any Journal, scenarios: (any ScenarioState)? = nil, announcements: any Announcements,
        meter: UsageMeter, limiters: RateLimiters, enforcement: EnforcementSwitch = EnforcementSwitch(),
        metrics registry: Registry, surroundings: Surroundings, logger: Logger, verifyKey: @escaping KeyVerifier
    ) {
        self.configuration = configuration
        self.surroundings = surroundings
        self.logger = logger
        self.verifyKey = verifyKey
        let metrics = DataPlaneMetrics(registry: registry, maxTenantLabels: configuration.maxTenantLabels)
        let directory = TenantDirectory(
            configuration: configuration, database: database, limiters: limiters, meter: meter, metrics: metrics,
            surroundings: surroundings)
        let snapshots = SnapshotCache(
            database: database, objects: objects, journal: journal, budget: configuration.snapshotMemory,
            metrics: metrics,
            surroundings: surroundings
        ) { tenant, workspace, message in
            logger.warning(
                "a stored route or description was left out",
                metadata: ["tenant": "\(tenant)", "workspace": "\(workspace)", "reason": "\(message)"])
        }
        self.limiters = limiters
        self.enforcement = enforcement
        self.database = database
        self.metrics = metrics
        self.directory = directory
        self.snapshots = snapshots
        ids = RequestIDs(surroundings)
        toolbox = PlainToolbox(baseDomain: configuration.baseDomain)
        self.scenarios = scenarios
        versions = VersionPoll(
            database: database, directory: directory, snapshots: snapshots, surroundings: surroundings, logger: logger)
        gauges = TenantGauges(
            database: database, objects: objects, directory: directory, metrics: metrics, loopLag: loopLag,
            watch: QuotaWatch(database: database, surroundings: surroundings, logger: logger),
            surroundings: surroundings, logger: logger)
        registry.gauge(
            "mockforge_usage_lag_seconds",
            help: "Age of the oldest answered request of this node that is not in the ledger yet."
        ) {
            Double(meter.lag(at: surroundings.now()).microseconds) / 1_000_000
        }
        let passedOver = registry.counters(
            "mockforge_quota_passed_over_total",
            help: "Requests over a limit that passed because limits are only reported.", labels: ["quota_type"])
        enforcement.observe { passedOver.with($0.rawValue).add() }
        if let keeper = limiters.keeper {
            registry.gauge("mockforge_lease_nodes", help: "Nodes that share quotas, as this one knows.") {
                Double(keeper.liveNodes)
            }
            registry.gauge(
                "mockforge_lease_store_down", help: "1 while this node serves tenants from a share of their quota."
            ) { keeper.isCutOff ? 1 : 0 }
            registry.gauge("mockforge_lease_granted_requests", help: "Requests granted to this node by leases.") {
                Double(keeper.figures.granted)
            }
            registry.gauge("mockforge_lease_refusals", help: "Leases asked for and not granted.") {
                Double(keeper.figures.refused)
            }
            registry.gauge("mockforge_lease_failures", help: "Statements that the store did not answer.") {
                Double(keeper.figures.failed)
            }
        }
        registry.gauge("mockforge_database_connections", help: "Open database connections of this node.") {
            Double(database.connectionCount)
        }
        let waits = database.connectionWaits
        registry.gauge("mockforge_database_waiting", help: "Transactions that wait for a connection now.") {
            Double(waits.waiting)
        }
        registry.counter("mockforge_database_transactions_total", help: "Transactions that were asked for.") {
            Double(waits.total)
        }
        registry.counter(
            "mockforge_database_wait_seconds_total", help: "What transactions have waited for a connection, together."
        ) { waits.seconds }
        registry.gauge("mockforge_snapshot_bytes", help: "Estimated bytes of compiled workspaces in memory.") {
            Double(snapshots.size)
        }
        announcements.subscribe { [gauges] announcement in
            switch announcement {
            case .tenantChanged(let tenant):
                gauges.note(tenant)
                directory.invalidate(tenant)
                if let hosted = directory.tenant(tenant) { snapshots.invalidate(nil, of: hosted) }
            case .mocksChanged(let tenant, let workspace):
                gauges.note(tenant)
                if let hosted = directory.tenant(tenant) { snapshots.invalidate(workspace, of: hosted) }
            }
        }
    }

    /// A handler for one connection (HTTP/1.1) or one stream (HTTP/2).
    package func makeHandler() -> DataPlaneHandler { DataPlaneHandler(self) }

    /// Keeps the gauges and, where nodes share a database, what is in memory up to date until shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.gauges.keepUpToDate() }
                group.addTask { await self.followSwitch() }
                if let period = self.configuration.versionPoll {
                    group.addTask { await self.versions.keepPolling(every: period) }
                }
            }
        }
    }

    /// Looks at the operator's switch once a second.
    private func followSwitch() async {
        while !Task.isCancelled {
            do { try await enforcement.refresh(from: database) } catch {
                logger.debug("the enforcement switch could not be read", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
