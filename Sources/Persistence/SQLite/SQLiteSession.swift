import GRDB

/// A transaction on one SQLite connection.
struct SQLiteSession: SQLSession {
    private let connection: GRDB.Database

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

    /// A prepared statement from the connection's cache. To SQLite `$1` is a *name*, and names are counted by their first
    /// appearance, so the values are put into that order: repeated and out of order they mean what PostgreSQL makes of
    /// them. Binding by name would cost more than the statement itself where it has hundreds of parameters.
    private func statement(_ sql: String, _ parameters: [SQLValue]) throws -> Statement {
        let statement = try connection.cachedStatement(sql: sql)
        let values = Self.parameterOrder(sql).compactMap { number -> DatabaseValue? in
            guard parameters.indices.contains(number - 1) else { return nil }
            switch parameters[number - 1] {
            case .null: return .null
            case .integer(let integer): return integer.databaseValue
            case .real(let real): return real.databaseValue
            case .text(let text): return text.databaseValue
            }
        }
        // Refuses another number of values than the statement has parameters.
        try statement.setArguments(StatementArguments(values))
        return statement
    }

    /// The numbers of a statement's parameters in the order in which they first appear.
    static func parameterOrder(_ sql: String) -> [Int] {
        var order: [Int] = []
        // Whether the order is 1, 2, 3, … so far, as in most statements.
        var isCounting = true
        for text in sql.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false).dropFirst() {
            let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            if number == 0 || (isCounting && number <= order.count) { continue }
            if number != order.count + 1 { isCounting = false }
            if isCounting || !order.contains(number) { order.append(number) }
        }
        return order
    }
}
