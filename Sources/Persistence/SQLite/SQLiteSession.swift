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

    /// A prepared statement from the connection's cache. To SQLite `$1` is a *name*, numbered by first appearance, so
    /// parameters are bound by that name: repeated and out of order they mean what PostgreSQL makes of them.
    private func statement(_ sql: String, _ parameters: [SQLValue]) throws -> Statement {
        let statement = try connection.cachedStatement(sql: sql)
        var named: [String: (any DatabaseValueConvertible)?] = [:]
        for (index, parameter) in parameters.enumerated() {
            let value: DatabaseValue =
                switch parameter {
                case .null: .null
                case .integer(let integer): integer.databaseValue
                case .real(let real): real.databaseValue
                case .text(let text): text.databaseValue
                }
            named[String(index + 1)] = value
        }
        try statement.setArguments(StatementArguments(named))
        return statement
    }
}
