import CPostgres
import Persistence

/// A transaction on one connection.
struct PostgresSession: SQLSession {
    let rowsPerInsertion = 16
    let connection: PostgresConnection
    /// Whether the statements belong to a schema that this connection sees again and again: a kept plan is worth nothing
    /// for the next tenant's schema.
    let isLasting: Bool

    func execute(_ sql: String, _ parameters: [SQLValue]) throws -> Int {
        try connection.execute(sql, parameters, isLasting: isLasting).changedRows
    }

    func query(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
        let result = try connection.execute(sql, parameters, isLasting: isLasting)
        let columns = (0..<result.columnCount).map { String(cString: PQfname(result.pointer, Int32($0))) }
        let types = (0..<result.columnCount).map { PQftype(result.pointer, Int32($0)) }
        var rows: [SQLRow] = []
        rows.reserveCapacity(result.rowCount)
        for row in 0..<Int32(result.rowCount) {
            var values: [SQLValue] = []
            values.reserveCapacity(columns.count)
            for column in 0..<columns.count {
                values.append(
                    try Self.value(result, row, Int32(column), type: types[column], name: columns[column]))
            }
            rows.append(SQLRow(columns: columns, values: values))
        }
        return rows
    }

    func run(script: String) throws { try connection.run(script: script) }

    private static func value(
        _ result: borrowing StatementResult, _ row: Int32, _ column: Int32, type: Oid, name: String
    ) throws -> SQLValue {
        if PQgetisnull(result.pointer, row, column) == 1 { return .null }
        let buffer = UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column), count: Int(PQgetlength(result.pointer, row, column)))
        let text = String(decoding: buffer, as: UTF8.self)
        switch type {
        // boolean
        case 16: return .integer(text == "t" ? 1 : 0)
        // bigint, smallint, integer, oid
        case 20, 21, 23, 26:
            guard let integer = Int64(text) else { throw DatabaseError.unexpectedValue(column: name) }
            return .integer(integer)
        // real, double precision
        case 700, 701:
            guard let real = Double(text) else { throw DatabaseError.unexpectedValue(column: name) }
            return .real(real)
        // numeric: what a sum of BIGINT is without a cast, where SQLite has an integer.
        case 1700:
            if let integer = Int64(text) { return .integer(integer) }
            guard let real = Double(text) else { throw DatabaseError.unexpectedValue(column: name) }
            return .real(real)
        default: return .text(text)
        }
    }
}
