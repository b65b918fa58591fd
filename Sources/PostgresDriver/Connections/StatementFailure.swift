import CPostgres
import Persistence

/// A statement that the server, or the way to it, refused.
struct StatementFailure: Error, Sendable {
    /// Five characters; nil when the connection broke.
    let sqlState: String?
    let message: String
    var table: String?
    var detail: String?

    init(_ result: borrowing StatementResult) {
        sqlState = result.field(Field.sqlState)
        message = result.field(Field.message) ?? String(cString: PQresultErrorMessage(result.pointer))
        table = result.field(Field.table)
        detail = result.field(Field.detail)
    }

    init(sqlState: String?, _ message: String) {
        self.sqlState = sqlState
        self.message = message
    }

    /// `PG_DIAG_…`: character macros, which Swift does not see.
    private enum Field {
        static let sqlState = Int32(UInt8(ascii: "C"))
        static let message = Int32(UInt8(ascii: "M"))
        static let detail = Int32(UInt8(ascii: "D"))
        static let table = Int32(UInt8(ascii: "t"))
    }

    /// The server or a pooler ended the connection, or it broke.
    var isConnectionLoss: Bool {
        guard let sqlState else { return true }
        return sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(sqlState)
    }

    /// Others were in the way.
    private var isConflict: Bool { sqlState == "40001" || sqlState == "40P01" }
    /// A plan kept from before a migration.
    private var isStalePlan: Bool { sqlState == "0A000" && message.contains("cached plan") }

    /// Nothing is wrong with the statement: the same transaction may succeed when it is done again.
    var isPassing: Bool { isConnectionLoss || isConflict || isStalePlan }
    /// The connection it happened on is of no more use.
    var spoilsConnection: Bool { isConnectionLoss || isStalePlan }

    var isCancellation: Bool { sqlState == "57014" }
    var isLockTimeout: Bool { sqlState == "55P03" }
    /// `SET LOCAL ROLE` named one that is not there.
    var isMissingRole: Bool { sqlState == "22023" }
    /// A table or column that a statement names is not there.
    var isMissingRelation: Bool { sqlState == "42P01" || sqlState == "42703" }

    /// The port's error.
    ///
    /// - Parameter sql: the statement, without its values.
    func databaseError(in sql: String) -> DatabaseError {
        switch sqlState {
        case "23505": return .uniqueViolation(constraint: columns)
        case "23503", "23001": return .foreignKeyViolation
        case "57014": return .unavailable("the database took too long: \(message)")
        case "55P03": return .unavailable("the database is busy: \(message)")
        default: break
        }
        if isPassing { return .unavailable(message.trimmedLine) }
        // Out of memory, disk or connections; a disk error; a standby.
        if let sqlState, sqlState.hasPrefix("53") || sqlState.hasPrefix("58") { return .unavailable(message) }
        return .failed("\(message.trimmedLine) (\(sqlState ?? "no code")) in: \(sql)")
    }

    /// `table.column`, several parted by `, `: from the detail `Key (a, b)=(1, 2) already exists.`, whose parentheses are
    /// the same in every language of the server.
    private var columns: String {
        guard let table, let detail, let start = detail.firstIndex(of: "("), let end = detail.ranges(of: ")=(").first,
            start < end.lowerBound
        else { return table ?? "" }
        return detail[detail.index(after: start)..<end.lowerBound].split(separator: ",")
            .map { column in
                let name = column.drop { $0 == " " }
                return "\(table).\(name)"
            }
            .joined(separator: ", ")
    }
}

extension String {
    fileprivate var trimmedLine: String { split(separator: "\n").first.map(String.init) ?? self }
}
