import Logging
import Persistence
import Synchronization

/// A place for one connection on its owner thread: opened when needed, and again when it broke.
final class ConnectionSlot {
    private let address: PostgresAddress
    private let cancel: CancelHandle
    private let reachability: Reachability
    private let openCount: OpenCount
    private var connection: PostgresConnection?
    var isStopped = false

    /// Open connections of a pool.
    final class OpenCount: Sendable {
        let value = Atomic<Int>(0)
    }

    init(_ address: PostgresAddress, cancel: CancelHandle, reachability: Reachability, openCount: OpenCount) {
        self.address = address
        self.cancel = cancel
        self.reachability = reachability
        self.openCount = openCount
    }

    /// The open connection, or a new one.
    ///
    /// - Throws: `ConnectFailure`.
    func connected() throws(ConnectFailure) -> PostgresConnection {
        if let connection, connection.isOpen { return connection }
        disconnect()
        if let refusal = reachability.refusal { throw refusal }
        do throws(ConnectFailure) {
            let connection = try PostgresConnection(address, cancel: cancel)
            self.connection = connection
            openCount.value.add(1, ordering: .relaxed)
            reachability.succeeded()
            return connection
        } catch {
            reachability.failed(error)
            throw error
        }
    }

    func disconnect() {
        guard connection != nil else { return }
        connection = nil
        openCount.value.subtract(1, ordering: .relaxed)
    }

    /// As `CancelHandle`.
    var isCancelled: Bool { cancel.isCancelled }
    func endCancellation() { cancel.end() }
}
