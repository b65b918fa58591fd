import Domain
package import Prometheus
import Synchronization

/// The product's metrics that the data plane feeds. Names are the contract's, to the letter.
package final class DataPlaneMetrics: Sendable {
    /// Seconds. Finer than usual at the low end, where most mock replies are.
    package static let durationBuckets: [Double] = [
        0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]

    private let tenantLabels: LabelBound
    private let requests: Family<Counter>
    private let durations: Family<Histogram>
    private let workspaces: Family<Gauge>
    private let quotaUsage: Family<Gauge>
    /// Every answered request of the data plane.
    let answered: Counter
    /// Lookups of a tenant or workspace that were not in memory.
    let cacheMisses: Counter
    private let connections: Gauge
    let loopLag: Gauge
    let outbox: Gauge
    let deadLetters: Gauge
    let activeTenants: Gauge
    let activeTenantsHere: Gauge
    private let requestRate: Gauge
    private let requestRateHere: Gauge
    private let cacheHitRate: Gauge
    private let samples = Mutex<[Sample]>([])

    private struct Sample {
        let at: Timestamp
        let answered: UInt64
        let misses: UInt64
    }

    package init(registry: Registry, maxTenantLabels: Int) {
        tenantLabels = LabelBound(limit: maxTenantLabels)
        let bounds = ["tenant_id": tenantLabels]
        requests = registry.counters(
            "mockforge_tenant_requests_total", help: "Mock requests answered, by tenant and HTTP status.",
            labels: ["tenant_id", "status"], bounds: bounds)
        durations = registry.histograms(
            "mockforge_tenant_request_duration_seconds",
            help: "Time from a mock request's headers to its reply, set delays included.",
            buckets: Self.durationBuckets, labels: ["tenant_id"], bounds: bounds)
        workspaces = registry.gauges(
            "mockforge_tenant_active_workspaces", help: "Workspaces of a tenant.", labels: ["tenant_id"],
            bounds: bounds)
        quotaUsage = registry.gauges(
            "mockforge_tenant_quota_usage",
            help: "Share of a quota in use, 0 to 1 and above 1 when over; 0 when unlimited.",
            labels: ["tenant_id", "quota_type"], bounds: bounds)
        answered = registry.counter("mockforge_requests_per_second", help: "Mock requests answered since the start.")
        cacheMisses = registry.counter(
            "mockforge_cache_misses_total", help: "Lookups of tenants and workspaces that were not in memory.")
        connections = registry.gauge(
            "mockforge_connections", help: "Open HTTP/1.1 connections and HTTP/2 streams of this node.")
        loopLag = registry.gauge(
            "mockforge_event_loop_lag_seconds",
            help: "Longest wait of a task handed to each event loop at the last measurement.")
        outbox = registry.gauge(
            "mockforge_outbox_messages", help: "Mails that wait to be sent, on the whole platform.")
        deadLetters = registry.gauge(
            "mockforge_outbox_dead_letters", help: "Mails that were given up and wait for the operator.")
        activeTenants = registry.gauge(
            "mockforge_active_tenants", help: "Tenants that are active, trialing or past due, on the whole platform.")
        activeTenantsHere = registry.gauge(
            "active_tenants", help: "Tenants with mock requests on this node in the last five minutes.")
        requestRate = registry.gauge(
            "mockforge_total_requests_per_second",
            help: "Mock requests a second on this node over the last minute.")
        requestRateHere = registry.gauge(
            "http_requests_per_second", help: "The same, under the name that the autoscaler asks for.")
        cacheHitRate = registry.gauge(
            "mockforge_cache_hit_rate",
            help: "Share of mock requests in the last minute that found tenant and workspace in memory, 0 to 1.")
        cacheHitRate.set(1)
    }

    /// A connection or, of HTTP/2, a stream.
    func connectionOpened() { connections.add(1) }
    func connectionClosed() { connections.add(-1) }

    /// The series of one tenant, to be kept by whoever counts often.
    func tenant(_ id: TenantID) -> TenantMetrics {
        TenantMetrics(duration: durations.with(id.text)) { [requests] in requests.with(id.text, $0) }
    }

    func setWorkspaces(_ count: Int, of tenant: TenantID) { workspaces.with(tenant.text).set(Double(count)) }

    func setQuota(_ key: QuotaKey, used: Double, limit: Int?, of tenant: TenantID) {
        let share = limit.map { $0 > 0 ? used / Double($0) : (used > 0 ? 1 : 0) } ?? 0
        quotaUsage.with(tenant.text, key.rawValue).set(share)
    }

    /// Drops the series of a tenant that is gone.
    func forget(_ tenant: TenantID) {
        requests.remove("tenant_id", tenant.text)
        durations.remove("tenant_id", tenant.text)
        workspaces.remove("tenant_id", tenant.text)
        quotaUsage.remove("tenant_id", tenant.text)
        tenantLabels.release(tenant.text)
    }

    /// Brings the rates up to date; call it every few seconds.
    func sample(at now: Timestamp) {
        let sample = Sample(at: now, answered: answered.value, misses: cacheMisses.value)
        let oldest = samples.withLock { samples in
            samples.append(sample)
            while samples.count > 2, now - samples[1].at >= .seconds(60) { samples.removeFirst() }
            return samples[0]
        }
        let seconds = Double((now - oldest.at).microseconds) / 1_000_000
        guard seconds > 0 else { return }
        let requests = Double(sample.answered - oldest.answered)
        requestRate.set(requests / seconds)
        requestRateHere.set(requests / seconds)
        let misses = Double(sample.misses - oldest.misses)
        cacheHitRate.set(requests > 0 ? max(0, 1 - misses / requests) : 1)
    }
}

/// One tenant's series.
struct TenantMetrics: ~Copyable, Sendable {
    /// A tenant may answer with any status; beyond this many different ones the rest is counted as `other`.
    private static let maxStatuses = 24

    private let durations: Histogram.Recorder
    private let state = Mutex(State())
    private let counter: @Sendable (String) -> Counter
    /// Kept for `durations`.
    private let histogram: Histogram

    /// Not private: the compiler does not find it from the files that hold the whole then.
    struct State {
        /// The status that was counted last, which is the next one's more often than not. The counter is one of `known`, or the
        /// one of all others.
        var last: (status: Int, counter: Unmanaged<Counter>)?
        var known: [(status: Int, counter: Counter)] = []
        var others: Counter?
    }

    init(duration: Histogram, counter: @escaping @Sendable (String) -> Counter) {
        histogram = duration
        durations = duration.recorder
        self.counter = counter
    }

    /// Where most durations are counted.
    var piece: MemoryPiece { MemoryPiece(durations.address, byteCount: 16) }

    /// What counts the status that came last; nil before the first.
    var lastCounter: MemoryPiece? {
        state.withLock { $0.last.map { MemoryPiece($0.counter.takeUnretainedValue(), byteCount: 8) } }
    }

    func record(status: Int, durationMicroseconds: Int64) {
        durations.observe(Double(durationMicroseconds) / 1_000_000)
        state.withLock { state in
            if let last = state.last, last.status == status {
                last.counter._withUnsafeGuaranteedRef { $0.add() }
                return
            }
            let counter = counter(status, &state)
            counter.add()
            state.last = (status, .passUnretained(counter))
        }
    }

    private func counter(_ status: Int, _ state: inout State) -> Counter {
        if let known = state.known.first(where: { $0.status == status }) { return known.counter }
        guard state.known.count < Self.maxStatuses else {
            let others = state.others ?? counter(LabelBound.overflow)
            state.others = others
            return others
        }
        let counter = counter(String(status))
        state.known.append((status, counter))
        return counter
    }
}
