package import Domain

/// Which schema a statement runs in.
package enum DatabaseScope: Sendable, Hashable {
    case platform
    case tenant(TenantID)
}

/// The truth. One platform schema, one schema for each tenant; drivers: `SQLiteDatabase` here, PostgreSQL elsewhere.
///
/// A unit of work is one *synchronous* closure over one transaction: it hops to the driver's thread once, and no `await`
/// can split it. It commits when the closure returns and rolls back when it throws. The closure may run again after a
/// serialization failure, so it must have no effect outside the transaction.
package protocol Database: Sendable {
    /// Runs `body` in a transaction that may write. Acknowledged means durable: a crash after the return loses nothing.
    ///
    /// - Throws: what `body` throws; `DatabaseError.noSuchSchema` for a tenant without one; `DatabaseError.unavailable`.
    func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result

    /// Runs `body` in a transaction that only reads one consistent state.
    func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result

    /// Creates a tenant's schema at the newest version. Does nothing when it is there already.
    func createSchema(_ tenant: TenantID) async throws

    /// Removes a tenant's schema with everything in it. Does nothing when it is not there.
    func dropSchema(_ tenant: TenantID) async throws

    /// The tenants that have a schema, whether or not the platform knows them: what finds orphans.
    func schemas() async throws -> [TenantID]

    /// The migrations that this binary knows.
    var migrationSets: MigrationSets { get }

    /// Where a schema stands against those.
    ///
    /// - Throws: `DatabaseError.schemaVersion` when an applied migration was changed since; `noSuchSchema`.
    func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus

    /// Brings a schema to the newest version, all or nothing; of two callers at once, in any process, one waits.
    ///
    /// - Returns: what was applied now.
    func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration]

    /// Bytes that a tenant's schema occupies.
    func size(of tenant: TenantID) async throws -> Int

    /// Open connections: what `mockforge_database_connections` shows.
    var connectionCount: Int { get }

    /// What transactions wait for connections.
    var connectionWaits: ConnectionWaits { get }

    func close() async throws
}

/// A value on its way to or from SQL. Booleans are integers 0 and 1, moments microseconds, JSON and ids text.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
}

extension SQLValue {
    package init(_ value: String?) { self = value.map(SQLValue.text) ?? .null }
    package init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
    package init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    package init(_ value: Timestamp?) { self = value.map { .integer($0.microseconds) } ?? .null }
}

/// One transaction's connection, valid only inside the closure that got it.
///
/// Statements are written once for both dialects: parameters are `$1`, `$2`, … in any order and as often as needed,
/// upserts use `ON CONFLICT`, results come back with `RETURNING` where needed, and no statement names a schema.
/// A statement that fails dooms the transaction: PostgreSQL refuses everything after it, so let the error leave the closure.
package protocol SQLSession {
    /// How many rows go into one insertion best: many where each statement is a round trip, one where it is a call of a
    /// function and parameters are what costs.
    var rowsPerInsertion: Int { get }

    /// Runs a statement; returns the number of rows it changed.
    @discardableResult
    func execute(_ sql: String, _ parameters: [SQLValue]) throws -> Int

    /// Runs a query and returns all rows; queries carry a LIMIT wherever the count is not bounded by a plan.
    func query(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow]

    /// Runs several statements without parameters: for migrations.
    func run(script: String) throws
}

extension SQLSession {
    package func first(_ sql: String, _ parameters: [SQLValue]) throws -> SQLRow? {
        try query(sql, parameters).first
    }
}

/// One row of a result; columns are read by name and type, and a wrong type is a `DatabaseError.unexpectedValue`.
package struct SQLRow: Sendable {
    package let columns: [String]
    package let values: [SQLValue]

    package init(columns: [String], values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    package subscript(column: String) -> SQLValue {
        columns.firstIndex(of: column).map { values[$0] } ?? .null
    }

    package func text(_ column: String) throws -> String {
        guard case .text(let value) = self[column] else { throw DatabaseError.unexpectedValue(column: column) }
        return value
    }

    package func optionalText(_ column: String) throws -> String? {
        if case .null = self[column] { return nil }
        return try text(column)
    }

    package func integer(_ column: String) throws -> Int {
        guard case .integer(let value) = self[column] else { throw DatabaseError.unexpectedValue(column: column) }
        return Int(value)
    }

    package func real(_ column: String) throws -> Double {
        switch self[column] {
        case .real(let value): return value
        case .integer(let value): return Double(value)
        default: throw DatabaseError.unexpectedValue(column: column)
        }
    }

    package func bool(_ column: String) throws -> Bool { try integer(column) != 0 }

    package func timestamp(_ column: String) throws -> Timestamp {
        Timestamp(microseconds: Int64(try integer(column)))
    }

    package func optionalTimestamp(_ column: String) throws -> Timestamp? {
        if case .null = self[column] { return nil }
        return try timestamp(column)
    }
}

package enum DatabaseError: Error, Sendable {
    /// The tenant has no schema: it was never provisioned or has been purged.
    case noSuchSchema(TenantID)
    /// A unique constraint refused a write; `constraint` is `table.column`, several columns parted by `, `.
    case uniqueViolation(constraint: String)
    /// A row that the write refers to is not there (any more), or one that refers to it still is.
    case foreignKeyViolation
    case unexpectedValue(column: String)
    /// The driver cannot reach its server or file now; trying again may help.
    case unavailable(String)
    /// The statement itself failed: a defect of ours.
    case failed(String)
    /// The schema is older or newer than this binary; the message names the version and the command that helps.
    case schemaVersion(String)
}
