package import Domain
package import Logging
package import Persistence

/// The production driver: schema `platform` and a schema `tenant_<id>` with a role of its own for each tenant, in one
/// PostgreSQL database of version 15 or newer, directly or behind a pooler in transaction mode.
package final class PostgresDatabase: Database {
    package let migrationSets: MigrationSets
    private let address: PostgresAddress
    private let pool: ConnectionPool
    private let known = KnownSchemas()
    private let surroundings: Surroundings
    private let logger: Logger

    /// Does not connect yet: `connect` or the first use does.
    package init(
        _ address: PostgresAddress, migrations: MigrationSets = MigrationSets(), surroundings: Surroundings = .system,
        logger: Logger
    ) {
        self.address = address
        migrationSets = migrations
        self.surroundings = surroundings
        self.logger = logger
        pool = ConnectionPool(address, logger: logger)
    }

    /// Connects and makes the platform's schema in a database that has none. An older one is not migrated.
    ///
    /// - Throws: `PostgresAddress.Refusal` when somebody has to change the address or the server first;
    ///   `DatabaseError.unavailable` when the server does not answer; `DatabaseError.failed` when a right is missing.
    package func connect() async throws {
        try await pool.run(.platform, isWrite: false) { slot in
            do throws(ConnectFailure) { _ = try slot.connected() } catch {
                if error.isRefusal { throw PostgresAddress.Refusal(error.sentence) }
                throw error.unavailable
            }
        }
        try await foundPlatform()
    }

    package func write<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        try await unitOfWork(scope, .write, body)
    }

    package func read<Result: Sendable>(
        _ scope: DatabaseScope, _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        try await unitOfWork(scope, .read, body)
    }

    package func createSchema(_ tenant: TenantID) async throws {
        let (set, now) = (migrationSets.tenant, surroundings.now())
        try await retryingLocks { [self] in
            try await onSchema(.tenant(tenant), .migrate) { session, connection in
                let schema = TenantSchema(tenant, session: session, database: connection.databaseName)
                if try schema.exists() { return }
                try schema.create()
                _ = try MigrationLedger(set).migrate(session, scope: .tenant(tenant), at: now)
            }
        }
    }

    package func dropSchema(_ tenant: TenantID) async throws {
        known.remove(.tenant(tenant))
        try await retryingLocks { [self] in
            try await onSchema(.tenant(tenant), .migrate) { session, connection in
                try TenantSchema(tenant, session: session, database: connection.databaseName).drop()
            }
        }
        known.remove(.tenant(tenant))
    }

    package func schemas() async throws -> [TenantID] {
        try await onSchema(.platform, .read) { session, _ in
            try session.query(
                #"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'tenant\_%' ORDER BY nspname"#, [])
        }
        .compactMap { TenantID(String(try $0.text("nspname").dropFirst("tenant_".count))) }
        .sorted()
    }

    package func schemaStatus(_ scope: DatabaseScope) async throws -> SchemaStatus {
        let set = migrationSets[scope]
        return try await onSchema(scope, .read) { session, connection in
            try Self.status(scope, set, session, connection)
        }
    }

    package func migrateSchema(_ scope: DatabaseScope) async throws -> [Migration] {
        let (set, now) = (migrationSets[scope], surroundings.now())
        let applied = try await retryingLocks { [self] in
            try await onSchema(scope, .migrate) { session, connection in
                switch scope {
                case .platform:
                    // Two nodes that start at once: the second finds it made when the first lets go of the lock.
                    try session.run(script: "CREATE SCHEMA IF NOT EXISTS platform")
                    try Self.enter(scope, session, connection)
                case .tenant(let tenant):
                    let schema = TenantSchema(tenant, session: session, database: connection.databaseName)
                    guard try schema.exists() else { throw DatabaseError.noSuchSchema(tenant) }
                    try schema.enter()
                }
                return try MigrationLedger(set).migrate(session, scope: scope, at: now)
            }
        }
        known.insert(scope)
        return applied
    }

    package func size(of tenant: TenantID) async throws -> Int {
        try await onSchema(.tenant(tenant), .read) { session, connection in
            let schema = TenantSchema(tenant, session: session, database: connection.databaseName)
            guard try schema.exists() else { throw DatabaseError.noSuchSchema(tenant) }
            return try schema.size()
        }
    }

    package var connectionCount: Int { pool.connectionCount }
    package var connectionWaits: ConnectionWaits { pool.waits }

    package func close() async throws { await pool.close() }

    // MARK: Transactions

    private func unitOfWork<Result: Sendable>(
        _ scope: DatabaseScope, _ access: TransactionOpening.Access,
        _ body: @escaping @Sendable (any SQLSession) throws -> Result
    ) async throws -> Result {
        if scope == .platform, !known.contains(.platform) { try await foundPlatform() }
        let transaction = Transaction(opening: TransactionOpening(scope: scope, access: access, address: address))
        let set = migrationSets[scope]
        return try await pool.run(scope, isWrite: access == .write) { [known] slot in
            try transaction.run(on: slot) { session, connection in
                if !known.contains(scope) {
                    let status = try Self.status(scope, set, session, connection)
                    if case .tenant(let tenant) = scope, status == .empty { throw DatabaseError.noSuchSchema(tenant) }
                    try status.requireCurrent(scope)
                    known.insert(scope)
                }
                do { return try body(session) } catch {
                    // Dropped or changed by another node: the next use looks again.
                    if connection.failure?.isMissingRelation == true { known.remove(scope) }
                    throw error
                }
            }
        }
    }

    /// Work on a schema as a whole, by the login role.
    private func onSchema<Result: Sendable>(
        _ scope: DatabaseScope, _ access: TransactionOpening.Access,
        _ body: @escaping @Sendable (PostgresSession, PostgresConnection) throws -> Result
    ) async throws -> Result {
        let transaction = Transaction(
            opening: TransactionOpening(scope: scope, access: access, address: address), entersSchema: false)
        return try await pool.run(scope, isWrite: access != .read) { slot in
            try transaction.run(on: slot) { session, connection in
                do { return try body(session, connection) } catch {
                    guard access == .migrate, connection.failure?.isLockTimeout == true else { throw error }
                    throw TableBusy()
                }
            }
        }
    }

    /// A table was in use for as long as a migration waits.
    private struct TableBusy: Error {}

    /// Makes the platform's schema where there is none, and refuses one of another version.
    private func foundPlatform() async throws {
        var status = try await schemaStatus(.platform)
        if case .empty = status {
            _ = try await migrateSchema(.platform)
            status = try await schemaStatus(.platform)
        }
        if case .current = status { known.insert(.platform) }
    }

    /// Looks at the ledger of a schema that need not be there.
    private static func status(
        _ scope: DatabaseScope, _ set: MigrationSet, _ session: PostgresSession, _ connection: PostgresConnection
    ) throws -> SchemaStatus {
        let schema = SchemaNames.schema(scope)
        let found = try session.first(
            """
            SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1) AS schema,
                EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'ledger') AS ledger
            """, [.text(schema)])
        if case .tenant(let tenant) = scope, try found?.bool("schema") != true {
            throw DatabaseError.noSuchSchema(tenant)
        }
        guard try found?.bool("ledger") == true else { return .empty }
        try enter(scope, session, connection)
        return try MigrationLedger(set).status(session)
    }

    private static func enter(
        _ scope: DatabaseScope, _ session: PostgresSession, _ connection: PostgresConnection
    ) throws {
        let statements = TransactionOpening.entering(scope, database: connection.databaseName)
        try session.run(script: statements.joined(separator: "; "))
    }

    private static let maxLockAttempts = 5

    /// A migration that waits for a busy table has everybody else wait behind it, so it lets go soon and comes back.
    private func retryingLocks<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do { return try await body() } catch is TableBusy {
                guard attempt < Self.maxLockAttempts else {
                    throw DatabaseError.unavailable(
                        "a table was in use by others for \(attempt) times \(address.lockTimeout.components.seconds) s; "
                            + "try again, or give lock_timeout in the address")
                }
                try await Task.sleep(for: .milliseconds(200) * attempt)
                attempt += 1
            }
        }
    }
}
