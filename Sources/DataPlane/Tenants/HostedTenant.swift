package import Domain
import Metering
import Persistence
import Synchronization

/// A tenant as the data plane knows it. One object for as long as the tenant is in memory, so that its rate window, its
/// counters and its snapshots outlive a change of its record.
package final class HostedTenant: Sendable {
    // What every request looks at comes first and stands together: of most tenants nothing is in the cache.
    private let stands = Atomic<UInt64>(0)
    /// Microseconds since 1970.
    let lastUsed: Atomic<Int64>
    let limiter: Part<RateLimiter>
    let usage: Part<TenantUsage>
    let metrics: TenantMetrics
    let bandwidth = Bandwidth()
    private let maxBodyBytes = Atomic<Int>(0)
    private let reports = Atomic<Bool>(false)
    let shelf = Mutex(SnapshotShelf())

    package let id: TenantID
    /// Requests that wait for their delay to pass.
    let delayedRequests = Atomic<Int>(0)
    let verifiedKeys = VerifiedKeys()
    /// Requests in progress.
    let places = Places()
    let refusals = RateRefusals()
    private let current: Mutex<TenantRecord>
    private let limits = Mutex<Entitlements?>(nil)

    /// What a request may do.
    enum Access: UInt64 {
        /// The record has changed since it was read.
        case unknown
        case open
        case suspended
    }

    /// What a request may do, and since which change of the record.
    struct Standing: Equatable {
        fileprivate let stored: UInt64

        var access: Access { Access(rawValue: stored & 3) ?? .unknown }

        fileprivate func next(_ access: Access) -> Standing {
            Standing(stored: ((stored >> 2) + 1) << 2 | access.rawValue)
        }
    }

    init(
        _ record: TenantRecord, limiter: RateLimiter, usage: TenantUsage, metrics: DataPlaneMetrics, now: Timestamp
    ) {
        id = record.id
        self.limiter = Part(limiter)
        self.usage = Part(usage)
        self.metrics = metrics.tenant(record.id)
        lastUsed = Atomic(now.microseconds)
        current = Mutex(record)
    }

    /// Changes with every change of the record: a name or an id that led to this tenant when it stood so still does.
    var standing: Standing { Standing(stored: stands.load(ordering: .acquiring)) }

    /// What every request looks at.
    var pieces: [MemoryPiece] {
        [
            MemoryPiece(self, byteCount: 168), limiter.piece(byteCount: 48), usage.piece(byteCount: 24), metrics.piece,
        ]
    }

    var currentAccess: Access { standing.access }

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

    /// Takes the newest record over. The directory sees to it that records are taken over and marked one by one.
    func update(_ record: TenantRecord, entitlements: Entitlements) {
        current.withLock { $0 = record }
        limits.withLock { $0 = entitlements }
        limiter.use { $0.setLimit(entitlements.limit(.maxRequestsPerMinute).value) }
        places.setLimit(entitlements.limit(.maxConcurrentRequests).value)
        bandwidth.setLimit(entitlements.limit(.maxBandwidthKbps).value)
        reports.store(entitlements.enforcement == .report, ordering: .relaxed)
        let kilobytes = entitlements.limit(.maxRequestBodyKB).value
        maxBodyBytes.store(
            kilobytes.map { min($0, Self.greatestBody >> 10) << 10 } ?? Self.greatestBody, ordering: .relaxed)
        stand(record.status == .suspended ? .suspended : .open)
    }

    /// Bodies are held in memory, so even a tenant without a limit has this one.
    private static let greatestBody = 256 << 20

    func markChanged() {
        stand(.unknown)
        verifiedKeys.removeAll()
    }

    private func stand(_ access: Access) { stands.store(standing.next(access).stored, ordering: .releasing) }
}
