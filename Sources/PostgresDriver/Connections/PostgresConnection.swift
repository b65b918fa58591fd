import CPostgres
import Logging
import Persistence

/// One open connection, in the hands of its owner thread.
final class PostgresConnection {
    private let server: ServerConnection
    private let cancel: CancelHandle
    /// What the server calls the database; a pooler may have another name for it.
    let databaseName: String
    private let keepsPrepared: Bool
    /// Names on the server, by text and types.
    private var prepared: [PreparedKey: String] = [:]
    /// What the last statement failed with, so that the transaction around it can tell what to do.
    private(set) var failure: StatementFailure?

    private struct PreparedKey: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// Conditions that come and go make many texts of one list; those beyond this many are sent unprepared.
    private static let maxPrepared = 200

    /// Connects; blocks the calling thread.
    ///
    /// - Throws: `ConnectFailure`.
    init(_ address: PostgresAddress, cancel: CancelHandle) throws(ConnectFailure) {
        let server = try ServerConnection(address)
        do {
            let (name, version, process) = try Self.identify(server)
            guard version >= 150_000 else {
                throw ConnectFailure(
                    "FATAL:  version \(version / 10_000) is too old, PostgreSQL 15 or newer is needed", at: address)
            }
            databaseName = name
            keepsPrepared =
                switch address.preparedStatements {
                case .always: true
                case .never: false
                // A pooler gives its clients process numbers of its own.
                case .auto: process == Int(PQbackendPID(server.pointer))
                }
        } catch let failure as StatementFailure {
            throw ConnectFailure(failure.message, at: address)
        } catch let failure as ConnectFailure {
            throw failure
        } catch {
            throw ConnectFailure("\(error)", at: address)
        }
        cancel.attach(server)
        self.server = server
        self.cancel = cancel
    }

    deinit { cancel.detach() }

    private static func identify(
        _ server: borrowing ServerConnection
    ) throws -> (name: String, version: Int, process: Int) {
        let result = StatementResult(
            PQexec(
                server.pointer,
                "SELECT current_database(), current_setting('server_version_num'), pg_backend_pid()"))
        guard result.status == PGRES_TUPLES_OK else { throw StatementFailure(result) }
        let values = (0..<3).map { String(cString: PQgetvalue(result.pointer, 0, $0)) }
        return (values[0], Int(values[1]) ?? 0, Int(values[2]) ?? 0)
    }

    var isOpen: Bool { PQstatus(server.pointer) == CONNECTION_OK }
    /// Whether no transaction is open.
    var isIdle: Bool { PQtransactionStatus(server.pointer) == PQTRANS_IDLE }
    /// Whether the transaction can only be rolled back.
    var isDoomed: Bool { PQtransactionStatus(server.pointer) != PQTRANS_INTRANS }

    func forgetFailure() { failure = nil }

    /// Runs statements without parameters in one round trip.
    ///
    /// - Returns: the command tag of the last one.
    @discardableResult
    func run(script: String) throws -> String {
        guard !script.utf8.contains(0) else { throw DatabaseError.failed("a script has a NUL character") }
        let result = try owned(PQexec(server.pointer, script))
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result.commandTag
        default: throw remembered(StatementFailure(result), in: script)
        }
    }

    /// - Throws: when the server did not commit; when the connection broke, nobody knows whether it did.
    func commit() throws {
        guard try run(script: "COMMIT") == "COMMIT" else {
            throw DatabaseError.failed("the transaction was rolled back in place of being committed")
        }
    }

    /// Leaves `failure` as it is. Whether it worked shows in `isIdle`.
    func rollBack() {
        if let result = PQexec(server.pointer, "ROLLBACK") { PQclear(result) }
    }

    /// Runs one statement.
    ///
    /// - Parameter isLasting: whether the text comes again and again in the same schema, so that it is worth preparing.
    func execute(_ sql: String, _ parameters: [SQLValue], isLasting: Bool) throws -> StatementResult {
        if cancel.isCancelled { throw CancellationError() }
        guard !sql.utf8.contains(0) else { throw DatabaseError.failed("a statement has a NUL character") }
        let encoded = try EncodedParameters(parameters, in: sql)
        let name = keepsPrepared && isLasting ? try preparedName(sql, encoded.types) : nil
        let result = try owned(
            encoded.withPointers { count, types, values, lengths, formats in
                if let name {
                    PQexecPrepared(server.pointer, name, count, values, lengths, formats, 0)
                } else {
                    PQexecParams(server.pointer, sql, count, types, values, lengths, formats, 0)
                }
            })
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
        default: throw remembered(StatementFailure(result), in: sql)
        }
    }

    private func preparedName(_ sql: String, _ types: [UInt32]) throws -> String? {
        let key = PreparedKey(sql: sql, types: types)
        if let name = prepared[key] { return name }
        guard prepared.count < Self.maxPrepared else { return nil }
        let name = "s\(prepared.count)"
        let result = try owned(PQprepare(server.pointer, name, sql, Int32(types.count), types))
        guard result.status == PGRES_COMMAND_OK else { throw remembered(StatementFailure(result), in: sql) }
        prepared[key] = name
        return name
    }

    private func owned(_ result: OpaquePointer?) throws -> StatementResult {
        if let result { return StatementResult(result) }
        throw remembered(
            StatementFailure(sqlState: nil, String(cString: PQerrorMessage(server.pointer))), in: "")
    }

    private func remembered(_ failure: StatementFailure, in sql: String) -> any Error {
        self.failure = failure
        if failure.isCancellation, cancel.isCancelled { return CancellationError() }
        return failure.databaseError(in: sql)
    }
}
