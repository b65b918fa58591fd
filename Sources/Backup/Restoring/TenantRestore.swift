import Crypto
package import Domain
import JSON
package import Persistence

/// How a restore is put on record, so that a crash in the middle leaves nothing that is served and nothing that is forgotten.
extension ProvisioningRecord {
    /// A restore on its way, for the reconciler.
    static func restore(of tenant: TenantID, at now: Timestamp) -> ProvisioningRecord {
        ProvisioningRecord(
            tenantID: tenant, idempotencyKeyHash: nil, fingerprint: "restore", completedSteps: Self.restoring,
            startedAt: now, updatedAt: now)
    }
}

/// Puts one tenant's archive into a database and a store: invisible until the last transaction.
package struct TenantRestore: Sendable {
    let database: any Database
    let objects: any ObjectStore
    let announcements: any Announcements
    let surroundings: Surroundings
    /// Called after each step, for tests that break a restore off.
    let observer: (@Sendable (Step) async throws -> Void)?

    /// After which a test may break the work off.
    package enum Step: Sendable, CaseIterable { case hidden, emptied, filled, stored }

    package init(
        database: any Database, objects: any ObjectStore, announcements: any Announcements, surroundings: Surroundings,
        observer: (@Sendable (Step) async throws -> Void)? = nil
    ) {
        self.database = database
        self.objects = objects
        self.announcements = announcements
        self.surroundings = surroundings
        self.observer = observer
    }

    /// Where an archive goes.
    package enum Destination: Sendable {
        /// The tenant's own id; what is there is replaced only when `replaces` says so.
        case same(replaces: Bool)
        /// A new tenant with a key of its own.
        case new(TenantID, Subdomain, key: APIKeyRecord)
        /// The same tenant on another platform; objects are left alone where both use the same store.
        case move(includingObjects: Bool)

        var purpose: ArchivePurpose {
            switch self {
            case .same: .restore
            case .new: .copy
            case .move: .move
            }
        }
    }

    /// - Throws: `BackupError.refused` when a tenant is there that must not be replaced, or its subdomain is another's.
    package func restore(_ archive: OpenArchive, to destination: Destination) async throws {
        guard case .tenant(let archived) = archive.summary.part else {
            throw BackupError.refused("this part of the backup holds no tenant")
        }
        try requireKnownVersions(archive.summary)
        let tenant: TenantID
        if case .new(let id, _, _) = destination { tenant = id } else { tenant = archived }
        try await begin(tenant, archive, destination)
        await announcements.publish(.tenantChanged(tenant))
        try await observer?(.hidden)

        try await database.dropSchema(tenant)
        var includesObjects = true
        if case .move(let includingObjects) = destination { includesObjects = includingObjects }
        if includesObjects { try await objects.deleteAll(tenant) }
        try await observer?(.emptied)
        try await database.createSchema(tenant)
        try await fill(tenant, archive, destination.purpose)
        try await touch(tenant)
        try await observer?(.filled)
        if includesObjects {
            try await objects.prepare(tenant)
            for object in archive.objects {
                try await store(object, of: archive, tenant)
                try await touch(tenant)
            }
        }
        try await observer?(.stored)
        try await finish(tenant, archive, destination)
        await announcements.publish(.tenantChanged(tenant))
        let workspaces = try await database.read(.tenant(tenant)) { sql in
            try sql.query("SELECT id FROM workspaces ORDER BY id LIMIT 10000", []).compactMap {
                WorkspaceID(try $0.text("id"))
            }
        }
        for workspace in workspaces { await announcements.publish(.mocksChanged(tenant, workspace)) }
    }

    private func requireKnownVersions(_ summary: ArchiveSummary) throws(BackupError) {
        let sets = database.migrationSets
        guard summary.platformVersion <= sets.platform.newestVersion,
            summary.tenantVersion <= sets.tenant.newestVersion
        else {
            throw .refused(
                "the backup has schema version \(summary.platformVersion) of the platform and \(summary.tenantVersion) of "
                    + "the tenant, and this binary knows \(sets.platform.newestVersion) and "
                    + "\(sets.tenant.newestVersion); install the newer mockforge")
        }
    }

    /// Hides the tenant and puts the restore on record, unless something speaks against it.
    private func begin(_ tenant: TenantID, _ archive: OpenArchive, _ destination: Destination) async throws {
        let now = surroundings.now()
        let hasSchema = try await database.schemas().contains(tenant)
        let archivedSubdomain = archive.summary.subdomain
        try await database.write(.platform) { sql in
            let tenants = TenantRepository(sql)
            let runs = ProvisioningRepository(sql)
            let present = try tenants.find(tenant)
            let run = try runs.find(tenant)
            if let run, !run.isRestore {
                throw BackupError.refused(
                    run.completedSteps < 0
                        ? "tenant \(tenant) is just being removed; try again in a minute"
                        : "tenant \(tenant) is just being provisioned")
            }
            // A restore that was broken off has hidden the tenant already: this one takes its place.
            if run == nil {
                var replaces = false
                if case .same(let allowed) = destination { replaces = allowed }
                if let present, present.status == .deleted, !replaces {
                    throw BackupError.refused(
                        "tenant \(tenant) is deleted but still there; `mockforge tenant restore \(tenant)` brings it "
                            + "back, and --replace puts the backup in its place")
                }
                if hasSchema, !replaces {
                    throw BackupError.refused(
                        "tenant \(tenant) is there; --replace puts the backup in its place, and --to-new-tenant beside it"
                    )
                }
            }
            if present == nil {
                let subdomain: String
                if case .new(_, let chosen, _) = destination {
                    subdomain = chosen.text
                } else {
                    subdomain = archivedSubdomain
                }
                let owner = try sql.first(
                    """
                    SELECT tenant_id FROM subdomain_reservations
                    WHERE subdomain = $1 AND (reserved_until IS NULL OR reserved_until > $2)
                    """, [.text(subdomain), .init(now)]
                )?.text("tenant_id")
                if let owner, owner != tenant.text {
                    throw BackupError.refused(
                        "the subdomain \"\(subdomain)\" belongs to tenant \(owner); --to-new-tenant --subdomain NAME "
                            + "gives the restored tenant another one")
                }
            }
            if run == nil { try runs.insert(.restore(of: tenant, at: now)) } else { try Self.touch(tenant, sql, now) }
            try sql.execute(
                "UPDATE tenants SET is_provisioned = 0, updated_at = $2, version = version + 1 WHERE id = $1",
                [.text(tenant.text), .init(now)])
        }
    }

    /// Tells the reconciler that somebody still works on this.
    private func touch(_ tenant: TenantID) async throws {
        let now = surroundings.now()
        try await database.write(.platform) { sql in try Self.touch(tenant, sql, now) }
    }

    private static func touch(_ tenant: TenantID, _ sql: any SQLSession, _ now: Timestamp) throws {
        try ProvisioningRepository(sql).update(tenant, completedSteps: ProvisioningRecord.restoring, at: now)
    }

    /// All rows in one transaction, read back before it commits. An archive of an older version goes into the tables of that
    /// version, and the later migrations then treat its rows as they would have treated them where they came from.
    private func fill(_ tenant: TenantID, _ archive: OpenArchive, _ purpose: ArchivePurpose) async throws {
        let set = database.migrationSets.tenant
        let now = surroundings.now()
        try await database.write(.tenant(tenant)) { sql in
            let isOlder = archive.summary.tenantVersion < set.newestVersion
            if isOlder {
                for table in ArchivedTable.tenant.reversed() { try sql.execute("DROP TABLE \(table.name)", []) }
                // Those that no archive holds go too, or the migrations would find them there.
                for name in ArchivedTable.leftOut.keys.sorted() {
                    try sql.execute("DROP TABLE IF EXISTS \(name)", [])
                }
                let known = MigrationSet(Array(set.migrations.prefix(archive.summary.tenantVersion)))
                _ = try MigrationLedger(known).migrate(sql, scope: .tenant(tenant), at: now)
            } else {
                // What a node has counted since the schema came back a moment ago.
                for table in ArchivedTable.tenant.reversed() { try sql.execute("DELETE FROM \(table.name)", []) }
            }
            for table in archive.tables where !table.head.isPlatform {
                let known = ArchivedTable.tenant.first { $0.name == table.head.table.name }
                if let known, !known.purposes.contains(purpose) { continue }
                if known == nil, !isOlder {
                    throw BackupError.damaged("the archive has an unknown table \(table.head.table.name)")
                }
                var insertion = RowInsertion(into: table.head.table, sql, .refused)
                try archive.forEachRow(of: table) { try insertion.add($0) }
                try insertion.finish()
                let stored = try TableRows(table: table.head.table, sql: sql).fingerprint(.all)
                guard ArchiveTableEnd(stored) == table.end else {
                    throw BackupError.failed("\(table.head.table.name) came back with other rows than the archive has")
                }
            }
            if isOlder { _ = try MigrationLedger(set).migrate(sql, scope: .tenant(tenant), at: now) }
            if purpose != .move {
                // Nodes tell by this number whether what they have compiled is current: it must be one that they never saw.
                try sql.execute(
                    """
                    UPDATE workspaces SET content_version =
                        CASE WHEN content_version >= $1 THEN content_version + 1 ELSE $1 END
                    """, [.init(now)])
            }
        }
    }

    private func store(_ object: OpenArchive.Object, of archive: OpenArchive, _ tenant: TenantID) async throws {
        let size = try await objects.put(archive.stream(object), key: object.key, tenant: tenant)
        guard size == object.size, let stored = try await objects.stream(key: object.key, tenant: tenant),
            try await stored.hash() == object.hash
        else { throw BackupError.failed("the object \(object.key) came back with other bytes than the archive has") }
    }

    /// The tenant's rows of the platform's schema, and the end of the restore. What is there stays: the plan, a suspension or
    /// a revocation of today outranks yesterday's backup.
    private func finish(_ tenant: TenantID, _ archive: OpenArchive, _ destination: Destination) async throws {
        let now = surroundings.now()
        let purpose = destination.purpose
        let auditID = AuditID(from: surroundings)
        try await database.write(.platform) { sql in
            for table in archive.tables where table.head.isPlatform {
                try Self.insert(table, of: archive, tenant, destination, sql, at: now)
            }
            if case .new(_, let subdomain, let key) = destination {
                try sql.execute(
                    "DELETE FROM subdomain_reservations WHERE subdomain = $1 AND reserved_until <= $2",
                    [.text(subdomain.text), .init(now)])
                try sql.execute(
                    "INSERT INTO subdomain_reservations (subdomain, tenant_id, reserved_until) VALUES ($1, $2, NULL)",
                    [.text(subdomain.text), .text(tenant.text)])
                try APIKeyRepository(sql).insert(key)
            }
            if purpose == .move {
                for table in archive.tables where table.head.isPlatform {
                    guard let known = ArchivedTable.platform.first(where: { $0.name == table.head.table.name }),
                        ArchiveTableEnd(try TableRows(table: known, sql: sql).fingerprint(.of(tenant))) == table.end
                    else {
                        throw BackupError.failed("\(table.head.table.name) came over with other rows than there were")
                    }
                }
            } else {
                try TenantRepository(sql).markProvisioned(tenant, at: now)
                try AuditRepository(sql).insert(
                    AuditRecord(
                        id: auditID, at: now, tenantID: tenant, actor: "system", action: "tenant.restore_backup",
                        target: tenant.text, requestID: "", detail: ["from": .string(archive.summary.part.description)])
                )
            }
            try ProvisioningRepository(sql).delete(tenant)
        }
    }

    private static func insert(
        _ table: OpenArchive.Table, of archive: OpenArchive, _ tenant: TenantID, _ destination: Destination,
        _ sql: any SQLSession, at now: Timestamp
    ) throws {
        // Columns that are no more are left behind; those that are new take their defaults.
        guard let known = ArchivedTable.platform.first(where: { $0.name == table.head.table.name }),
            known.purposes.contains(destination.purpose)
        else { return }
        let positions = table.head.table.columns.indices.filter {
            known.columns.contains(table.head.table.columns[$0])
        }
        let target = ArchivedTable(
            name: known.name, columns: positions.map { table.head.table.columns[$0] }, key: known.key)
        var insertion = RowInsertion(into: target, sql, .kept)
        func position(_ column: String) -> Int? { target.columns.firstIndex(of: column) }
        try archive.forEachRow(of: table) { row in
            var values = positions.map { row[$0] }
            if destination.purpose != .move {
                if known.name == "tenants" {
                    if let status = position("status"), values[status] == .text("deleted") {
                        let before = position("status_before_deletion").map { values[$0] } ?? .null
                        values[status] = before == .null ? .text("active") : before
                    }
                    for column in ["deleted_at", "status_before_deletion"] {
                        if let index = position(column) { values[index] = .null }
                    }
                    if case .new(let id, let subdomain, _) = destination {
                        if let index = position("id") { values[index] = .text(id.text) }
                        if let index = position("subdomain") { values[index] = .text(subdomain.text) }
                        for column in ["created_at", "updated_at"] {
                            if let index = position(column) { values[index] = .init(now) }
                        }
                    }
                }
                if known.name == "subdomain_reservations", let name = position("subdomain") {
                    // What a purge has left of the tenant's reservation, or of another's long over.
                    try sql.execute(
                        """
                        DELETE FROM subdomain_reservations
                        WHERE subdomain = $1 AND (tenant_id = $2 OR reserved_until <= $3)
                        """, [values[name], .text(tenant.text), .init(now)])
                    if let index = position("reserved_until") { values[index] = .null }
                }
            }
            try insertion.add(values)
        }
        try insertion.finish()
    }
}

extension ObjectStream {
    /// SHA-256 of all bytes, hexadecimal.
    func hash() async throws -> String {
        var hasher = SHA256()
        for try await piece in self { piece.withUnsafeBytes { hasher.update(bufferPointer: $0) } }
        return Hexadecimal.text(hasher.finalize())
    }
}
