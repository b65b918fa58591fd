import GRDB

extension DatabaseError {
    /// The port's error for one of SQLite's.
    init(_ error: GRDB.DatabaseError) {
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            // SQLite names the columns only in its message: "UNIQUE constraint failed: tenants.subdomain".
            let message = error.message ?? ""
            let columns = message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? message
            self = .uniqueViolation(constraint: columns)
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            self = .foreignKeyViolation
        default:
            let text = error.message ?? "SQLite result \(error.extendedResultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_FULL, .SQLITE_READONLY,
                .SQLITE_NOMEM, .SQLITE_PROTOCOL:
                self = .unavailable(text)
            default:
                self = .failed(error.sql.map { "\(text) in: \($0)" } ?? text)
            }
        }
    }

    /// Runs `body` and turns SQLite's errors into the port's; others pass.
    static func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as GRDB.DatabaseError { throw DatabaseError(error) }
    }
}
