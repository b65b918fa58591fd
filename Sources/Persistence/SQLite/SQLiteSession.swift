import GRDB
import GRDBSQLite

/// A transaction on one SQLite connection.
struct SQLiteSession: SQLSession {
    let rowsPerInsertion = 1
    private let connection: GRDB.Database
    private let latest = Latest()

    /// The statement that ran last and the order of its parameters: insertions of many rows run it again and again.
    private final class Latest {
        var sql = ""
        var order: [Int] = []
    }

    init(_ connection: GRDB.Database) { self.connection = connection }

    func execute(_ sql: String, _ parameters: [SQLValue]) throws -> Int {
        try DatabaseError.translating {
            try statement(sql, parameters).execute()
            return connection.changesCount
        }
    }

    func query(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
        try DatabaseError.translating {
            let statement = try statement(sql, parameters)
            let columns = statement.columnNames
            var rows: [SQLRow] = []
            let cursor = try Row.fetchCursor(statement)
            while let row = try cursor.next() {
                var values: [SQLValue] = []
                values.reserveCapacity(columns.count)
                for (value, column) in zip(row.databaseValues, columns) {
                    switch value.storage {
                    case .null: values.append(.null)
                    case .int64(let integer): values.append(.integer(integer))
                    case .double(let real): values.append(.real(real))
                    case .string(let text): values.append(.text(text))
                    case .blob: throw DatabaseError.unexpectedValue(column: column)
                    }
                }
                rows.append(SQLRow(columns: columns, values: values))
            }
            return rows
        }
    }

    func run(script: String) throws {
        try DatabaseError.translating { try connection.execute(sql: script) }
    }

    /// A prepared statement from the connection's cache with its parameters bound. To SQLite `$1` is a *name*, and names are
    /// counted by their first appearance, so the values are put into that order: repeated and out of order they mean what
    /// PostgreSQL makes of them.
    ///
    /// The values are bound by SQLite's own functions: GRDB's arguments cost more than running a statement that has dozens
    /// of them, as does asking SQLite for a parameter's name, which it looks for from the first.
    private func statement(_ sql: String, _ parameters: [SQLValue]) throws -> Statement {
        let statement = try connection.cachedStatement(sql: sql)
        // Resets the statement, and says that nothing is left to be checked.
        statement.setUncheckedArguments([])
        if latest.sql != sql {
            latest.sql = sql
            latest.order = Self.parameterOrder(sql)
        }
        let order = latest.order
        let count = Int(sqlite3_bind_parameter_count(statement.sqliteStatement))
        guard order.count == parameters.count, count == order.count else { throw Self.miscounted(sql, parameters) }
        for (index, number) in order.enumerated() {
            guard parameters.indices.contains(number - 1) else { throw Self.miscounted(sql, parameters) }
            let code = Self.bind(parameters[number - 1], to: statement.sqliteStatement, at: CInt(index + 1))
            guard code == SQLITE_OK else {
                throw GRDB.DatabaseError(
                    resultCode: ResultCode(rawValue: code), message: connection.lastErrorMessage, sql: sql)
            }
        }
        return statement
    }

    /// The numbers of a statement's parameters in the order in which they first appear. No literal holds a `$` and a digit.
    static func parameterOrder(_ sql: String) -> [Int] {
        var order: [Int] = []
        // Whether the order is 1, 2, 3, … so far, as in most statements.
        var isCounting = true
        var number: Int?
        func note(_ number: Int) {
            if number == 0 || (isCounting && number <= order.count) { return }
            if number != order.count + 1 { isCounting = false }
            if isCounting || !order.contains(number) { order.append(number) }
        }
        for byte in sql.utf8 {
            if let digits = number {
                if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                    number = digits * 10 + Int(byte - UInt8(ascii: "0"))
                    continue
                }
                note(digits)
                number = nil
            }
            if byte == UInt8(ascii: "$") { number = 0 }
        }
        if let number { note(number) }
        return order
    }

    private static func miscounted(_ sql: String, _ parameters: [SQLValue]) -> DatabaseError {
        .failed("\(parameters.count) values do not fit the parameters of: \(sql)")
    }

    private static func bind(_ value: SQLValue, to statement: OpaquePointer, at place: CInt) -> CInt {
        switch value {
        case .null: sqlite3_bind_null(statement, place)
        case .integer(let integer): sqlite3_bind_int64(statement, place, integer)
        case .real(let real): sqlite3_bind_double(statement, place, real)
        case .text(let text): sqlite3_bind_text(statement, place, text, -1, copied)
        }
    }

    /// SQLITE_TRANSIENT, a macro that Swift cannot read: SQLite makes a copy of its own.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
