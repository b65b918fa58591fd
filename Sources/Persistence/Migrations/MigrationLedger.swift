package import Domain

/// The table in which a schema remembers the migrations that made it. Both drivers use this text.
package struct MigrationLedger: Sendable {
    package let set: MigrationSet

    package init(_ set: MigrationSet) { self.set = set }

    /// Makes the table. Does nothing when it is there.
    package func prepare(_ sql: any SQLSession) throws {
        try sql.execute(
            """
            CREATE TABLE IF NOT EXISTS ledger (
                version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL
            )
            """, [])
    }

    /// Compares the table, which must be there, with the set.
    ///
    /// - Throws: `DatabaseError.schemaVersion` when an applied migration is not the one this binary holds.
    package func status(_ sql: any SQLSession) throws -> SchemaStatus {
        let rows = try sql.query("SELECT version, name, checksum FROM ledger ORDER BY version", [])
        guard let last = try rows.last?.integer("version") else { return .empty }
        if last > set.newestVersion { return .newer(version: last, known: set.newestVersion) }
        for (index, row) in rows.enumerated() {
            let migration = set.migrations[index]
            let (version, checksum) = (try row.integer("version"), try row.text("checksum"))
            guard version == migration.version, checksum == migration.checksum else {
                throw DatabaseError.schemaVersion(
                    "migration \(version) (\(try row.text("name"))) was applied with another text than this binary holds, "
                        + "so `mockforge migrate` cannot tell what the schema is; restore a backup or install the mockforge that made it"
                )
            }
        }
        let pending = set.migrations.filter { $0.version > last }
        return pending.isEmpty ? .current(version: last) : .behind(version: last, pending: pending)
    }

    /// Applies what is missing, in the caller's transaction: all of it or nothing.
    ///
    /// - Returns: what was applied now.
    /// - Throws: `DatabaseError.schemaVersion` for a schema from a newer binary or with a changed migration.
    package func migrate(_ sql: any SQLSession, scope: DatabaseScope, at now: Timestamp) throws -> [Migration] {
        try prepare(sql)
        let pending: [Migration]
        let status = try status(sql)
        switch status {
        case .empty: pending = set.migrations
        case .behind(_, let migrations): pending = migrations
        case .current, .newer:
            try status.requireCurrent(scope)
            pending = []
        }
        for migration in pending {
            try sql.run(script: migration.sql)
            try sql.execute(
                "INSERT INTO ledger (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                [.init(migration.version), .text(migration.name), .text(migration.checksum), .init(now)])
        }
        return pending
    }
}
