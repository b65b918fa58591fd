import Domain
import Logging
import Persistence
import Synchronization

/// A bounded number of connections with a thread each, and the queue of those who wait for one.
final class ConnectionPool: Sendable {
    typealias Body = @Sendable (ConnectionSlot) -> Void

    private struct Entry {
        let work: WorkSchedule.Work
        let perform: Body
        let refuse: @Sendable (any Error) -> Void
        /// Ends the wait.
        var deadline: Task<Void, Never>?
    }

    private struct Worker {
        let thread: OwnerThread
        let cancel: CancelHandle
    }

    private struct State {
        var schedule: WorkSchedule
        var entries: [UInt64: Entry] = [:]
        var running: [UInt64: Int] = [:]
        var workers: [Worker] = []
        var lastID: UInt64 = 0
        var isClosed = false
        var onDrained: [@Sendable () -> Void] = []
    }

    private let address: PostgresAddress
    private let state: Mutex<State>
    private let reachability: Reachability
    private let openCount = ConnectionSlot.OpenCount()
    let waits = ConnectionWaits()

    init(_ address: PostgresAddress, logger: Logger) {
        self.address = address
        reachability = Reachability(logger: logger)
        state = Mutex(
            State(
                schedule: WorkSchedule(size: address.poolSize, tenantsPerConnection: address.tenantsPerConnection)))
    }

    var connectionCount: Int { openCount.value.load(ordering: .relaxed) }

    /// Runs `body` on the thread of a connection.
    ///
    /// - Throws: what `body` throws; `DatabaseError.unavailable` when no connection is free in time; `CancellationError`.
    func run<Result: Sendable>(
        _ scope: DatabaseScope, isWrite: Bool, _ body: @escaping @Sendable (ConnectionSlot) throws -> Result
    ) async throws -> Result {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let wait = waits.begin()
        defer { wait.end() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
                submit(
                    Entry(
                        work: WorkSchedule.Work(id: id, scope: scope, isWrite: isWrite),
                        perform: { slot in
                            wait.end()
                            let result = Swift.Result { try body(slot) }
                            slot.endCancellation()
                            continuation.resume(with: result)
                        },
                        refuse: { continuation.resume(throwing: $0) }))
                // Cancelled before there was anything to cancel.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    /// Refuses new work, lets what runs end, closes all connections.
    func close() async {
        let refused = state.withLock { state in
            state.isClosed = true
            return state.schedule.removeAll().compactMap { state.entries.removeValue(forKey: $0) }
        }
        for entry in refused {
            entry.deadline?.cancel()
            entry.refuse(Self.closed)
        }
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.schedule.isIdle { return true }
                state.onDrained.append { continuation.resume() }
                return false
            }
            if isDrained { continuation.resume() }
        }
        let workers = state.withLock { state in
            defer { state.workers = [] }
            return state.workers
        }
        for worker in workers { await worker.thread.end() }
    }

    private static let closed = DatabaseError.unavailable("the database is closed")

    private enum Admission {
        case queued
        case refused(DatabaseError)
    }

    private func submit(_ entry: Entry) {
        let id = entry.work.id
        let admission = state.withLock { state -> Admission in
            if state.isClosed { return .refused(Self.closed) }
            guard state.schedule.enqueue(entry.work) else {
                return .refused(.unavailable("too much waits for the database already"))
            }
            state.entries[id] = entry
            return .queued
        }
        if case .refused(let error) = admission { return entry.refuse(error) }
        dispatch()
        let timeout = address.poolTimeout
        let waits = state.withLock { $0.entries[id] != nil }
        guard waits else { return }
        let deadline = Task { [weak self] in
            guard (try? await Task.sleep(for: timeout)) != nil else { return }
            self?.refuse(id, .unavailable("no database connection was free within \(timeout.components.seconds) s"))
        }
        let isTooLate = state.withLock { state in
            state.entries[id]?.deadline = deadline
            return state.entries[id] == nil
        }
        if isTooLate { deadline.cancel() }
    }

    private func cancel(_ id: UInt64) {
        if refuse(id, CancellationError()) { return }
        let handle = state.withLock { state in state.running[id].map { state.workers[$0].cancel } }
        handle?.cancel(id)
    }

    /// - Returns: false when the work does not wait.
    @discardableResult
    private func refuse(_ id: UInt64, _ error: any Error) -> Bool {
        let entry = state.withLock { state -> Entry? in
            state.schedule.remove(id) ? state.entries.removeValue(forKey: id) : nil
        }
        guard let entry else { return false }
        entry.deadline?.cancel()
        entry.refuse(error)
        return true
    }

    @discardableResult
    private func refuse(_ id: UInt64, _ error: DatabaseError) -> Bool { refuse(id, error as any Error) }

    /// Starts whatever can start.
    private func dispatch() {
        while true {
            let start = state.withLock {
                state -> (entry: Entry, assignment: WorkSchedule.Assignment, worker: Worker)? in
                guard let assignment = state.schedule.next(),
                    let entry = state.entries.removeValue(forKey: assignment.id)
                else { return nil }
                if assignment.worker == state.workers.count { state.workers.append(makeWorker(assignment.worker)) }
                state.running[assignment.id] = assignment.worker
                let worker = state.workers[assignment.worker]
                // Before the thread has it, so that a cancellation cannot fall in between.
                worker.cancel.begin(assignment.id)
                return (entry, assignment, worker)
            }
            guard let (entry, assignment, worker) = start else { return }
            entry.deadline?.cancel()
            worker.thread.run { [self] slot in
                if assignment.recycles { slot.disconnect() }
                entry.perform(slot)
                finish(entry.work, assignment.worker)
            }
        }
    }

    private func finish(_ work: WorkSchedule.Work, _ worker: Int) {
        let drained = state.withLock { state -> [@Sendable () -> Void] in
            state.running[work.id] = nil
            state.schedule.finish(work, worker: worker)
            guard state.schedule.isIdle else { return [] }
            defer { state.onDrained = [] }
            return state.onDrained
        }
        for notify in drained { notify() }
        dispatch()
    }

    private func makeWorker(_ number: Int) -> Worker {
        let cancel = CancelHandle()
        let (address, reachability, openCount) = (address, reachability, openCount)
        let thread = OwnerThread(name: "postgres-\(number)") {
            ConnectionSlot(address, cancel: cancel, reachability: reachability, openCount: openCount)
        }
        return Worker(thread: thread, cancel: cancel)
    }
}
