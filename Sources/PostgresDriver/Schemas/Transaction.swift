import Domain
import Persistence

/// Runs one transaction on the thread of a connection, again when that is safe.
struct Transaction {
    let opening: TransactionOpening
    /// As `TransactionOpening.sql`.
    var entersSchema = true

    /// A connection lost before the commit, a deadlock: the transaction is certainly undone, and is done again.
    private static let maxAttempts = 3

    /// Blocks the calling thread.
    ///
    /// - Throws: what `body` throws; `DatabaseError`; `CancellationError`.
    func run<Result>(
        on slot: ConnectionSlot, _ body: (PostgresSession, PostgresConnection) throws -> Result
    ) throws -> Result {
        var attempt = 1
        while true {
            if slot.isCancelled { throw CancellationError() }
            let connection: PostgresConnection
            do { connection = try slot.connected() } catch { throw error.unavailable }
            connection.forgetFailure()
            var isCommitting = false
            do {
                try begin(on: connection)
                let session = PostgresSession(connection: connection, isLasting: opening.scope == .platform)
                let result = try body(session, connection)
                if connection.isDoomed {
                    throw connection.failure?.databaseError(in: "a transaction that went on after its failure")
                        ?? .failed("the transaction ended before its time")
                }
                // What happens from here on is the server's to decide.
                slot.endCancellation()
                isCommitting = true
                try connection.commit()
                return result
            } catch {
                let mayRepeat = !isCommitting && attempt < Self.maxAttempts && connection.failure?.isPassing == true
                undo(on: connection, slot)
                guard mayRepeat else { throw error }
                attempt += 1
            }
        }
    }

    private func begin(on connection: PostgresConnection) throws {
        do {
            try connection.run(script: opening.sql(database: connection.databaseName, entersSchema: entersSchema))
        } catch {
            if case .tenant(let tenant) = opening.scope, connection.failure?.isMissingRole == true {
                throw DatabaseError.noSuchSchema(tenant)
            }
            throw error
        }
    }

    private func undo(on connection: PostgresConnection, _ slot: ConnectionSlot) {
        let isUsable = connection.failure?.spoilsConnection != true && connection.isOpen
        if isUsable, !connection.isIdle { connection.rollBack() }
        if !isUsable || !connection.isIdle { slot.disconnect() }
    }
}
