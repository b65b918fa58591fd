package import Domain
package import Persistence

/// Moves everything from one platform to another: embedded to production, or back. Nothing may write to the source meanwhile.
///
/// Tenant after tenant goes over as an archive and is compared with what was read; a run that was broken off leaves out those
/// that are over already.
package struct PlatformMove: Sendable {
    /// One of the two platforms.
    package struct Place: Sendable {
        package let database: any Database
        package let objects: any ObjectStore

        package init(database: any Database, objects: any ObjectStore) {
            self.database = database
            self.objects = objects
        }
    }

    /// What went over.
    package struct Report: Sendable, Hashable {
        package var tenants = 0
        /// Tenants that an earlier run had moved.
        package var alreadyThere = 0
        package var rows = 0
        package var objects = 0
        package var objectBytes = 0
    }

    private let source: Place
    private let target: Place
    /// Whether both platforms keep their objects in one store, so that none has to be moved.
    private let sharesObjects: Bool
    private let surroundings: Surroundings
    private let spoolFolder: String

    package init(
        from source: Place, to target: Place, sharesObjects: Bool, spoolFolder: String,
        surroundings: Surroundings = .system
    ) {
        self.source = source
        self.target = target
        self.sharesObjects = sharesObjects
        self.spoolFolder = spoolFolder
        self.surroundings = surroundings
    }

    /// - Throws: `BackupError.refused` when the target holds anything that is not from an earlier run of this move, or when
    ///   tenants of the source are still being made or removed.
    package func run(observer: BackupObserver = { _ in }) async throws -> Report {
        let tenants = try await sourceTenants()
        try await begin(tenants)
        let capture = Capture(database: source.database, objects: source.objects, spoolFolder: spoolFolder)
        let restore = TenantRestore(
            database: target.database, objects: target.objects, announcements: SilentAnnouncements(),
            surroundings: surroundings)
        var report = Report()
        for (index, tenant) in tenants.enumerated() {
            observer(BackupProgress(part: tenant.text, position: index + 1, count: tenants.count + 1))
            let isThere = try await target.database.read(.platform) { sql in
                try TenantRepository(sql).find(tenant) != nil
            }
            if isThere {
                report.alreadyThere += 1
                continue
            }
            let archive = try await capture.archive(of: .tenant(tenant), includingObjects: !sharesObjects)
            guard archive.summary.missingObjects.isEmpty else {
                throw BackupError.refused(
                    "files of tenant \(tenant) are missing in the source's storage: "
                        + archive.summary.missingObjects.joined(separator: ", "))
            }
            try await restore.restore(archive, to: .move(includingObjects: !sharesObjects))
            report.tenants += 1
            report.rows += archive.summary.rows
            report.objects += archive.summary.objects
            report.objectBytes += archive.summary.objectBytes
        }
        observer(BackupProgress(part: "platform", position: tenants.count + 1, count: tenants.count + 1))
        let archive = try await capture.archive(of: .platform)
        try await PlatformRestore(database: target.database).restore(archive, for: .move)
        report.rows += archive.summary.rows
        try await compare()
        try await target.database.write(.platform) { sql in try ProvisioningRepository(sql).delete(Self.mark) }
        return report
    }

    /// A run of the move on record in the target: what tells a half-moved platform from a foreign one.
    private static let mark = TenantID("move000000")!

    private func sourceTenants() async throws -> [TenantID] {
        try await source.database.read(.platform) { sql in
            let unfinished = try sql.query("SELECT tenant_id FROM provisioning ORDER BY tenant_id LIMIT 10", [])
            guard unfinished.isEmpty else {
                let names = try unfinished.map { try $0.text("tenant_id") }.joined(separator: ", ")
                throw BackupError.refused(
                    "tenants of the source are still being made, removed or restored (\(names)); start its server until "
                        + "that is done, stop it and try again")
            }
            return try sql.query("SELECT id FROM tenants WHERE is_provisioned = 1 ORDER BY id", []).compactMap {
                TenantID(try $0.text("id"))
            }
        }
    }

    private func begin(_ tenants: [TenantID]) async throws {
        let known = Set(tenants)
        let schemas = try await target.database.schemas()
        let stored = sharesObjects ? [] : try await target.objects.tenants()
        let now = surroundings.now()
        try await target.database.write(.platform) { sql in
            if try ProvisioningRepository(sql).find(Self.mark) != nil {
                let strangers = try sql.query("SELECT id FROM tenants", []).compactMap {
                    TenantID(try $0.text("id"))
                }.filter { !known.contains($0) }
                guard strangers.isEmpty else {
                    throw BackupError.refused(
                        "the target has tenants that the source does not have, such as \(strangers[0]); give an empty one"
                    )
                }
                return
            }
            var isEmpty = schemas.isEmpty && stored.isEmpty
            for table in ArchivedTable.platform {
                isEmpty = try isEmpty && sql.query("SELECT 1 AS found FROM \(table.name) LIMIT 1", []).isEmpty
            }
            guard isEmpty else {
                throw BackupError.refused("the target is not empty; a move needs a target without tenants and files")
            }
            try ProvisioningRepository(sql).insert(
                ProvisioningRecord(
                    tenantID: Self.mark, idempotencyKeyHash: nil, fingerprint: "move",
                    completedSteps: ProvisioningRecord.moving, startedAt: now, updatedAt: now))
        }
    }

    /// The platform's tables as a whole, on both sides.
    private func compare() async throws {
        func fingerprints(_ database: any Database) async throws -> [TableFingerprint] {
            try await database.read(.platform) { sql in
                try ArchivedTable.platform.map { try TableRows(table: $0, sql: sql).fingerprint(.all) }
            }
        }
        let (before, after) = (try await fingerprints(source.database), try await fingerprints(target.database))
        for (table, (left, right)) in zip(ArchivedTable.platform, zip(before, after)) where left != right {
            throw BackupError.failed(
                "\(table.name) has \(left.rows) rows in the source and \(right.rows) in the target, or other content; "
                    + "has something written to the source meanwhile?")
        }
    }
}

/// Nobody serves from the target of a move yet.
private struct SilentAnnouncements: Announcements {
    func publish(_ announcement: Announcement) async {}
    func subscribe(_ handler: @escaping @Sendable (Announcement) async -> Void) {}
}
