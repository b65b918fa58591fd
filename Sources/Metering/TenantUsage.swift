package import Domain
import Persistence
import Synchronization

/// What one tenant's requests have added since the last flush. Counting takes the tenant's own lock and, once a route is
/// known in the minute, allocates nothing.
package final class TenantUsage: Sendable {
    /// What one row of the ledger counts. Hashing takes the narrowest id only, since it names the others.
    struct Key: Hashable {
        let minute: Int64
        let workspaceID: WorkspaceID
        let mockID: MockID?
        let routeID: RouteID?
        let statusClass: Int

        func hash(into hasher: inout Hasher) {
            hasher.combine(minute)
            hasher.combine(statusClass)
            if let routeID { hasher.combine(routeID) } else { hasher.combine(workspaceID) }
        }
    }

    struct Sums {
        var requests = 0
        var durationMicroseconds = 0
        var maxDurationMicroseconds = 0
        var requestBytes = 0
        var responseBytes = 0
    }

    /// Rows on their way to the ledger, with the number by which a repeated delivery adds nothing.
    struct Window: Sendable {
        let sequence: Int
        let records: [UsageRecord]
    }

    private struct State {
        var sums: [Key: Sums] = [:]
        /// Taken out for the ledger and not acknowledged by it yet.
        var window: Window?
        var isFlushing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private static let minuteMicroseconds: Int64 = 60_000_000

    package let tenant: TenantID
    private let state = Mutex(State())

    init(tenant: TenantID) { self.tenant = tenant }

    package func count(_ event: UsageEvent) {
        let key = Key(
            minute: event.at.microseconds / Self.minuteMicroseconds, workspaceID: event.workspaceID,
            mockID: event.mockID, routeID: event.routeID, statusClass: event.status / 100)
        state.withLock { state in
            let index = state.sums.index(forKey: key)
            if let index {
                state.sums.values[index].add(event)
            } else {
                var sums = Sums()
                sums.add(event)
                state.sums[key] = sums
            }
        }
    }

    var hasPending: Bool { state.withLock { !$0.sums.isEmpty || $0.window != nil } }

    /// Takes the right to flush; waits for another flush to end first.
    func beginFlush() async {
        while true {
            let isMine = state.withLock { state in
                if state.isFlushing { return false }
                state.isFlushing = true
                return true
            }
            if isMine { return }
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isFlushing { state.waiters.append(continuation) }
                    return !state.isFlushing
                }
                if isOver { continuation.resume() }
            }
        }
    }

    func endFlush() {
        let waiters = state.withLock { state in
            state.isFlushing = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// The window that the ledger has not acknowledged, else a new one of all that is pending; nil when nothing is.
    func takeWindow(number: () -> Int) -> Window? {
        state.withLock { state in
            if let window = state.window { return window }
            guard !state.sums.isEmpty else { return nil }
            let window = Window(sequence: number(), records: state.sums.map(Self.record))
            state.sums.removeAll(keepingCapacity: true)
            state.window = window
            return window
        }
    }

    /// The ledger has the window, or never will.
    func dropWindow() {
        state.withLock { $0.window = nil }
    }

    private static func record(_ key: Key, _ sums: Sums) -> UsageRecord {
        UsageRecord(
            minute: Timestamp(microseconds: key.minute * minuteMicroseconds), workspaceID: key.workspaceID,
            mockID: key.mockID, routeID: key.routeID, statusClass: key.statusClass, requests: sums.requests,
            durationMicroseconds: sums.durationMicroseconds, maxDurationMicroseconds: sums.maxDurationMicroseconds,
            requestBytes: sums.requestBytes, responseBytes: sums.responseBytes)
    }
}

extension TenantUsage.Sums {
    mutating func add(_ event: UsageEvent) {
        requests += 1
        durationMicroseconds += event.durationMicroseconds
        maxDurationMicroseconds = max(maxDurationMicroseconds, event.durationMicroseconds)
        requestBytes += event.requestBytes
        responseBytes += event.responseBytes
    }
}
