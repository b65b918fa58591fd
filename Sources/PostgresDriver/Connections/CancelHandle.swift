import CPostgres
import Dispatch
import Synchronization

/// What another thread may do to a connection: ask the server to give up the statement that runs on it.
final class CancelHandle: Sendable {
    private struct State {
        /// libpq's `PGcancel`, which any thread may use.
        var request: OpaquePointer?
        /// The work whose statements may be cancelled now.
        var active: UInt64?
        var isCancelled = false
    }

    private let state = Mutex(State())
    /// Asking opens a connection of its own and blocks, so it is no business of the task that is cancelled.
    private static let queue = DispatchQueue(label: "mockforge.postgres.cancel")

    func attach(_ connection: borrowing ServerConnection) {
        let request = UInt(bitPattern: PQgetCancel(connection.pointer))
        state.withLock { $0.request = OpaquePointer(bitPattern: request) }
    }

    func detach() {
        state.withLock { state in
            if let request = state.request { PQfreeCancel(request) }
            state.request = nil
        }
    }

    func begin(_ work: UInt64) {
        state.withLock { state in
            state.active = work
            state.isCancelled = false
        }
    }

    /// From here on nothing is cancelled: a commit is on its way, or the work is over. Waits for a request in progress,
    /// so that it cannot hit what runs next on the connection.
    func end() { state.withLock { $0.active = nil } }

    /// Whether the work that is active was asked to stop.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel(_ work: UInt64) {
        let isActive = state.withLock { state in
            guard state.active == work else { return false }
            state.isCancelled = true
            return true
        }
        guard isActive else { return }
        Self.queue.async { [self] in
            state.withLock { state in
                guard state.active == work, let request = state.request else { return }
                // A request that fails leaves the statement to its time limit.
                var message: CChar = 0
                PQcancel(request, &message, 1)
            }
        }
    }

    deinit { detach() }
}
