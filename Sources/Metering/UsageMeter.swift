package import Domain
package import Logging
package import Persistence
import ServiceLifecycle
import Synchronization

/// Counts answered requests and writes the sums to each tenant's ledger: every few seconds, at shutdown, and when a reader
/// asks. A window that the ledger did not acknowledge is written again under the same key, which adds it once. With a
/// counter file, what was counted outlives the process as well, and the next process writes it down.
package final class UsageMeter: Service {
    /// Writes rows to a tenant's ledger unless the window of this node with this number is there already.
    package typealias Ledger =
        @Sendable (_ tenant: TenantID, _ records: [UsageRecord], _ window: UsageWindow) async throws -> Void

    /// How often the meter looks whether its file needs room.
    private static let tick = Duration.milliseconds(250)
    /// Over how many intervals a round of flushes may be spread. The more, the fewer rows are written for as many requests, and
    /// the longer other nodes and the ledger lag behind.
    private static let longestRound = 12
    /// How often the folder is searched for files of processes that died.
    private static let adoptionInterval = Duration.seconds(60)

    private let ledger: Ledger
    private let interval: Duration
    private let logger: Logger
    private let surroundings: Surroundings
    /// Names this run of this process, so that windows of two nodes or two runs never meet.
    private let node: String
    private let file: CounterFile?
    private let recovery: UsageRecovery?
    private let sequence = Atomic<Int>(0)
    private let isFullReported = Atomic<Bool>(false)
    private let tenants = Mutex<[TenantID: TenantUsage]>([:])
    /// Tenants whose ledger has got rows since somebody asked.
    private let written = Mutex<Set<TenantID>>([])

    /// - Parameters:
    ///   - folder: where counters survive the process, and where those of dead processes are found; nil keeps them in
    ///     memory alone. It must exist.
    ///   - maxFileBytes: how far the file of counters may grow; what does not fit is counted in memory.
    package init(
        ledger: @escaping Ledger, surroundings: Surroundings, folder: String? = nil,
        maxFileBytes: Int = 64 << 20, interval: Duration = .seconds(1), logger: Logger
    ) {
        self.ledger = ledger
        self.interval = interval
        self.logger = logger
        self.surroundings = surroundings
        node = String(surroundings.random(), radix: 36)
        recovery = folder.map { UsageRecovery(folder: $0, ledger: ledger, logger: logger) }
        file = folder.flatMap { [node] folder in
            do { return try CounterFile(folder: folder, node: node, maxBytes: maxFileBytes) } catch {
                logger.error(
                    "usage is counted in memory alone, so a crash would lose up to one flush of it",
                    metadata: ["error": "\(error)"])
                return nil
            }
        }
    }

    /// A meter that writes to the tenants' schemas.
    package convenience init(
        database: any Database, surroundings: Surroundings, folder: String? = nil, interval: Duration = .seconds(1),
        logger: Logger
    ) {
        self.init(
            ledger: { tenant, records, window in
                let now = surroundings.now()
                try await database.write(.tenant(tenant)) { sql in
                    _ = try UsageRepository(sql).add(records, window: window, at: now)
                }
            },
            surroundings: surroundings, folder: folder, interval: interval, logger: logger)
    }

    /// The counters of one tenant, to be kept by whoever counts often.
    package func usage(of tenant: TenantID) -> TenantUsage {
        tenants.withLock { tenants in
            if let usage = tenants[tenant] { return usage }
            let usage = TenantUsage(tenant: tenant, file: file)
            tenants[tenant] = usage
            return usage
        }
    }

    /// Brings the tenant's ledger up to date with every request answered before the call.
    ///
    /// - Throws: what the database throws; the counts are kept and go with the next flush.
    package func flush(_ tenant: TenantID) async throws {
        guard let usage = tenants.withLock({ $0[tenant] }) else { return }
        try await flush(usage)
    }

    /// Forgets the counts of a tenant whose schema is gone.
    package func remove(_ tenant: TenantID) {
        tenants.withLock { $0[tenant] = nil }
    }

    /// How long the oldest request has waited that the ledger has not acknowledged; zero when it has all.
    package func lag(at now: Timestamp) -> Duration {
        let usages = tenants.withLock { Array($0.values) }
        guard let oldest = usages.lazy.compactMap(\.pendingSince).min() else { return .zero }
        return max(.zero, now - oldest)
    }

    /// The tenants whose ledger has got rows since the last call.
    package func takeWritten() -> Set<TenantID> {
        written.withLock { written in
            defer { written = [] }
            return written
        }
    }

    /// Flushes until shutdown, and once more then.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        // The last flush must not be cut short by the cancellation that ended the loop.
        await Task {
            await self.flushAll()
            self.file?.removeIfIdle()
        }.value
    }

    /// Writes down what processes had counted in the same folder that did not live to do it. A ledger that cannot be
    /// reached leaves their files for the next call.
    package func recover() async { await recovery?.adopt() }

    private func work() async {
        let clock = ContinuousClock()
        await recover()
        var nextFlush = clock.now + interval
        var nextAdoption = clock.now + Self.adoptionInterval
        while !Task.isCancelled {
            try? await Task.sleep(for: min(interval, Self.tick))
            if Task.isCancelled { return }
            let isFull = !makeRoom()
            if isFull || clock.now >= nextFlush {
                nextFlush = clock.now + interval
                await flushAll(within: isFull ? nil : interval * Self.longestRound)
            }
            if clock.now >= nextAdoption {
                await recover()
                nextAdoption = clock.now + Self.adoptionInterval
            }
        }
    }

    /// How long to leave requests alone after a tenant whose ledger was written for as long as `taken`: long enough for
    /// writing to take a hundredth of the time, but not so long that the others, `remaining` with this one, cannot share
    /// what is `left` of the round, and at least as long as it took.
    static func pause(after taken: Duration, remaining: Int, left: Duration) -> Duration {
        max(taken, min(taken * 99, left / remaining))
    }

    /// Sees to it that slots stay free; false when only a flush can free some.
    @discardableResult
    package func makeRoom() -> Bool {
        guard let file, file.isLow else {
            isFullReported.store(false, ordering: .relaxed)
            return true
        }
        if file.grow() { return true }
        if !isFullReported.exchange(true, ordering: .relaxed) {
            logger.warning(
                "the usage counter file is full; what does not fit is counted in memory until the ledger takes more",
                metadata: ["file": "\(file.path)", "bytes": "\(file.size)"])
        }
        return false
    }

    /// Flushes every tenant with pending counts; a failure is logged and its counts are kept.
    ///
    /// - Parameter limit: how long it may take with pauses that leave requests the time; nil for none.
    package func flushAll(within limit: Duration? = nil) async {
        let pending = tenants.withLock { $0.values.filter(\.hasPending) }
        let clock = ContinuousClock()
        let end = limit.map { clock.now + $0 }
        for (index, usage) in pending.enumerated() {
            let start = clock.now
            do {
                try await flush(usage)
            } catch {
                logger.warning(
                    "usage counts could not be written and will be tried again",
                    metadata: ["tenant": "\(usage.tenant)", "error": "\(error)"])
            }
            guard let end else { continue }
            let now = clock.now
            await rest(for: Self.pause(after: now - start, remaining: pending.count - index, left: end - now))
        }
    }

    /// Leaves requests the time, but sees to it meanwhile that slots stay free, and ends when only a flush can free some.
    private func rest(for pause: Duration) async {
        let clock = ContinuousClock()
        let end = clock.now + pause
        while makeRoom(), !Task.isCancelled {
            let left = end - clock.now
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left, Self.tick))
        }
    }

    private func nextSequence() -> Int { file?.nextSequence() ?? sequence.add(1, ordering: .relaxed).newValue }

    private func flush(_ usage: TenantUsage) async throws {
        await usage.beginFlush()
        defer { usage.endFlush() }
        // Twice at most: a window left over from a failure, and then what was counted since.
        while let window = usage.takeWindow(number: nextSequence) {
            do {
                try await ledger(usage.tenant, window.records, UsageWindow(node: node, sequence: window.sequence))
                written.withLock { _ = $0.insert(usage.tenant) }
            } catch DatabaseError.noSuchSchema {
                // The tenant was purged; nobody can ask for these counts any more.
            }
            usage.dropWindow()
        }
    }
}
