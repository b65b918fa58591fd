package import Domain
import Metering
import Persistence
import Synchronization

/// A tenant as the data plane knows it. One object for as long as the tenant is in memory, so that its rate window, its
/// counters and its snapshots outlive a change of its record.
package final class HostedTenant: Sendable {
    package let id: TenantID
    let limiter: RateLimiter
    let usage: TenantUsage
    let metrics: TenantMetrics
    /// Requests that wait for their delay to pass.
    let delayedRequests = Atomic<Int>(0)
    /// Microseconds since 1970.
    let lastUsed: Atomic<Int64>
    let shelf = Mutex(SnapshotShelf())
    let verifiedKeys = VerifiedKeys()
    /// Requests in progress.
    let places = Places()
    let bandwidth = Bandwidth()
    let refusals = RateRefusals()

    private let access = Atomic<Access>(.unknown)
    private let maxBodyBytes = Atomic<Int>(0)
    private let current: Mutex<TenantRecord>
    private let limits = Mutex<Entitlements?>(nil)
    private let reports = Atomic<Bool>(false)

    /// What a request may do.
    enum Access: UInt8, AtomicRepresentable {
        /// The record has changed since it was read.
        case unknown
        case open
        case suspended
    }

    init(_ record: TenantRecord, limiter: RateLimiter, usage: TenantUsage, metrics: TenantMetrics, now: Timestamp) {
        id = record.id
        self.limiter = limiter
        self.usage = usage
        self.metrics = metrics
        lastUsed = Atomic(now.microseconds)
        current = Mutex(record)
    }

    var currentAccess: Access { access.load(ordering: .acquiring) }

    /// Bytes that a request body may have.
    var bodyLimit: Int { maxBodyBytes.load(ordering: .relaxed) }

    /// Of the record.
    var version: Int { current.withLock { $0.version } }

    /// Whether something of the tenant's workspaces is in memory, or being read.
    var hasSnapshots: Bool {
        shelf.withLock { !$0.bySlug.isEmpty || !$0.absent.isEmpty || !$0.loads.isEmpty }
    }

    var subdomain: String { current.withLock { $0.subdomain.text } }

    var record: TenantRecord { current.withLock { $0 } }

    /// What its plan says of requests over a limit.
    var enforcement: Enforcement { reports.load(ordering: .relaxed) ? .report : .enforce }

    var entitlements: Entitlements? { limits.withLock { $0 } }

    func touch(_ now: Timestamp) { lastUsed.store(now.microseconds, ordering: .relaxed) }

    /// Takes the newest record over.
    func update(_ record: TenantRecord, entitlements: Entitlements) {
        current.withLock { $0 = record }
        limits.withLock { $0 = entitlements }
        limiter.setLimit(entitlements.limit(.maxRequestsPerMinute).value)
        places.setLimit(entitlements.limit(.maxConcurrentRequests).value)
        bandwidth.setLimit(entitlements.limit(.maxBandwidthKbps).value)
        reports.store(entitlements.enforcement == .report, ordering: .relaxed)
        let kilobytes = entitlements.limit(.maxRequestBodyKB).value
        maxBodyBytes.store(
            kilobytes.map { min($0, Self.greatestBody >> 10) << 10 } ?? Self.greatestBody, ordering: .relaxed)
        access.store(record.status == .suspended ? .suspended : .open, ordering: .releasing)
    }

    /// Bodies are held in memory, so even a tenant without a limit has this one.
    private static let greatestBody = 256 << 20

    func markChanged() {
        access.store(.unknown, ordering: .releasing)
        verifiedKeys.removeAll()
    }
}
