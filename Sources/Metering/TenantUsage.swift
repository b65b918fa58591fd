package import Domain
import Persistence
import Synchronization

/// What one tenant's requests have added since the last flush. Counting takes the tenant's own lock and, once a route is
/// known in the minute, allocates nothing.
package final class TenantUsage: Sendable {
    /// What one row of the ledger counts. Hashing takes the narrowest id only, since it names the others.
    struct Key: Hashable {
        let minute: Int64
        let workspaceID: WorkspaceID?
        let mockID: MockID?
        let routeID: RouteID?
        let statusClass: Int

        func hash(into hasher: inout Hasher) {
            hasher.combine(minute)
            hasher.combine(statusClass)
            if let routeID { hasher.combine(routeID) } else { hasher.combine(workspaceID) }
        }

        /// For a tenant that has more rows waiting than it may: the count stays, the route is lost.
        var withoutRoute: Key {
            Key(minute: minute, workspaceID: workspaceID, mockID: nil, routeID: nil, statusClass: statusClass)
        }
    }

    /// Rows on their way to the ledger, with the number by which a repeated delivery adds nothing.
    struct Window: Sendable {
        let sequence: Int
        let records: [UsageRecord]
        fileprivate let slots: [CounterSlot]
    }

    private struct State {
        /// Changes when `open` is emptied: a slot of an earlier round is not to be counted in any more.
        var round = TenantUsage.nextRound()
        var open: [Key: CounterSlot] = [:]
        /// When the oldest request was answered that is in no window yet.
        var openSince: Timestamp?
        /// Taken out for the ledger and not acknowledged by it yet.
        var window: Window?
        var windowSince: Timestamp?
        var isFlushing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    static let minuteMicroseconds: Int64 = 60_000_000
    /// Rows of one tenant that may wait for a flush; what comes beyond is counted for its workspace alone, so that one
    /// tenant cannot fill the memory of all.
    private static let maxOpenRows = 50_000

    // What every request looks at comes first.
    private let state = Mutex(State())
    package let tenant: TenantID
    private let file: CounterFile?

    init(tenant: TenantID, file: CounterFile?) {
        self.tenant = tenant
        self.file = file
    }

    deinit {
        state.withLock { state in
            for slot in state.open.values { slot.deallocate() }
            for slot in state.window?.slots ?? [] { slot.deallocate() }
        }
    }

    private static let rounds = Atomic<UInt64>(0)

    private static func nextRound() -> UInt64 { rounds.add(1, ordering: .relaxed).newValue }

    /// - Parameter shortcut: kept for the event's route, if for any; for this tenant's counts alone.
    package func count(_ event: UsageEvent, by shortcut: UnsafeMutablePointer<UsageShortcut>? = nil) {
        let minute = event.at.microseconds / Self.minuteMicroseconds
        let statusClass = event.status / 100
        state.withLock { state in
            if let slot = shortcut?.pointee.slot(minute: minute, statusClass: statusClass, round: state.round) {
                slot.add(event)
                return
            }
            let key = Key(
                minute: minute, workspaceID: event.workspaceID, mockID: event.mockID, routeID: event.routeID,
                statusClass: statusClass)
            let slot = slot(for: key, at: event.at, &state)
            slot.add(event)
            shortcut?.pointee.lead(to: slot, minute: minute, statusClass: statusClass, round: state.round)
        }
    }

    private func slot(for key: Key, at moment: Timestamp, _ state: inout State) -> CounterSlot {
        if let known = state.open[key] { return known }
        var key = key
        if state.open.count >= Self.maxOpenRows {
            key = key.withoutRoute
            if let known = state.open[key] { return known }
        }
        let slot = file?.take() ?? .onHeap()
        slot.begin(key, of: tenant)
        state.open[key] = slot
        if state.openSince == nil { state.openSince = moment }
        return slot
    }

    var hasPending: Bool { state.withLock { !$0.open.isEmpty || $0.window != nil } }

    /// When the oldest request was answered that the ledger has not acknowledged; nil when it has all.
    var pendingSince: Timestamp? { state.withLock { $0.windowSince ?? $0.openSince } }

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

    /// The window that the ledger has not acknowledged, else a new one of all that is pending; nil when nothing is. For
    /// the holder of the right to flush.
    func takeWindow(number: () -> Int) -> Window? {
        let (waiting, slots) = state.withLock { state -> (Window?, [CounterSlot]) in
            if let window = state.window { return (window, []) }
            let slots = Array(state.open.values)
            state.open.removeAll(keepingCapacity: state.open.count < 256)
            state.round = Self.nextRound()
            state.windowSince = state.openSince
            state.openSince = nil
            return (nil, slots)
        }
        if let waiting { return waiting }
        guard !slots.isEmpty else { return nil }
        // Nobody counts in these any more, so the rest needs no lock. All are marked before the ledger sees the first:
        // a crash in between leaves slots that no window has been written for.
        let sequence = number()
        for slot in slots { slot.mark(.inWindow(sequence)) }
        let window = Window(sequence: sequence, records: slots.compactMap { $0.record() }, slots: slots)
        state.withLock { $0.window = window }
        return window
    }

    /// The ledger has the window, or never will.
    func dropWindow() {
        let slots = state.withLock { state in
            defer {
                state.window = nil
                state.windowSince = nil
            }
            return state.window?.slots ?? []
        }
        file?.release(slots.filter(\.isInFile))
        for slot in slots { slot.deallocate() }
    }
}

extension TenantUsage.Key {
    init(_ record: UsageRecord) {
        self.init(
            minute: record.minute.microseconds / TenantUsage.minuteMicroseconds, workspaceID: record.workspaceID,
            mockID: record.mockID, routeID: record.routeID, statusClass: record.statusClass)
    }
}
