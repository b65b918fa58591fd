import Crypto
import Domain
import JSON
import Persistence

/// Writes what one part is into a spool: each schema as one transaction sees it, then the objects.
struct Capture: Sendable {
    let database: any Database
    let objects: any ObjectStore
    let spoolFolder: String

    /// How often a tenant is read again whose files change meanwhile, before the archive notes what it lacks.
    private static let attempts = 3

    /// - Throws: `BackupError.refused` when there is no such tenant; `DatabaseError.noSuchSchema` when its schema is gone.
    func archive(of part: ArchivePart, includingObjects: Bool = true) async throws -> OpenArchive {
        switch part {
        case .platform:
            let spool = try Spool(in: spoolFolder)
            let summary = try await header(part, subdomain: "")
            try await write(
                summary, ArchivedTable.platform.filter { $0.name != "tenants" }, isPlatform: true, .ownerless,
                from: .platform, to: spool, at: 0)
            try end(spool, missing: [])
            return try OpenArchive(spool, part: part)
        case .tenant(let tenant):
            var attempt = 1
            while true {
                let spool = try Spool(in: spoolFolder)
                let missing = try await capture(tenant, spool, includingObjects: includingObjects)
                // A file that an import replaced while we read: its row is in the archive and it is not.
                if missing.isEmpty || attempt == Self.attempts {
                    try end(spool, missing: missing)
                    return try OpenArchive(spool, part: part)
                }
                attempt += 1
            }
        }
    }

    private func header(_ part: ArchivePart, subdomain: String) async throws -> ArchiveSummary {
        func version(_ scope: DatabaseScope) async throws -> Int {
            let status = try await database.schemaStatus(scope)
            try status.requireCurrent(scope)
            return database.migrationSets[scope].newestVersion
        }
        var tenantVersion = 0
        if case .tenant(let tenant) = part { tenantVersion = try await version(.tenant(tenant)) }
        return ArchiveSummary(
            part: part, subdomain: subdomain, platformVersion: try await version(.platform),
            tenantVersion: tenantVersion)
    }

    /// - Returns: keys of objects that rows name and the store does not have.
    private func capture(_ tenant: TenantID, _ spool: Spool, includingObjects: Bool) async throws -> [String] {
        let subdomain = try await database.read(.platform) { sql in
            try sql.first("SELECT subdomain FROM tenants WHERE id = $1", [.text(tenant.text)])?.text("subdomain")
        }
        guard let subdomain else { throw BackupError.refused("there is no tenant \(tenant)") }
        let summary = try await header(.tenant(tenant), subdomain: subdomain)
        try await write(
            summary, ArchivedTable.platform.filter { $0.owner != nil }, isPlatform: true, .of(tenant), from: .platform,
            to: spool, at: 0)
        let start = spool.size
        let sources = try await write(
            nil, ArchivedTable.tenant, isPlatform: false, .all, from: .tenant(tenant), to: spool, at: start)
        guard includingObjects else { return [] }
        var found: Set<String> = []
        for object in try await objects.list(prefix: "", tenant: tenant) {
            if try await write(object.key, of: tenant, to: spool) { found.insert(object.key) }
        }
        return sources.subtracting(found).sorted()
    }

    /// Writes tables in one transaction, which the driver may run again.
    ///
    /// - Returns: the objects that rows name.
    @discardableResult
    private func write(
        _ summary: ArchiveSummary?, _ tables: [ArchivedTable], isPlatform: Bool, _ choice: TableRows.Choice,
        from scope: DatabaseScope, to spool: Spool, at start: Int
    ) async throws -> Set<String> {
        try await database.read(scope) { sql in
            try spool.truncate(to: start)
            var writer = RecordWriter(spool)
            if let summary { try writer.append(.header, summary.json.bytes) }
            var keys: Set<String> = []
            for table in tables {
                try writer.append(.table, ArchiveTableHead(isPlatform: isPlatform, table: table).bytes)
                var fingerprint = TableFingerprint()
                try TableRows(table: table, sql: sql).forEach(choice) { values in
                    let row = RowCoding.bytes(values)
                    fingerprint.add(row)
                    try writer.append(.row, row)
                    if let key = Self.objectKey(values, of: table) { keys.insert(key) }
                }
                try writer.append(.tableEnd, ArchiveTableEnd(fingerprint).bytes)
            }
            try writer.flush()
            return keys
        }
    }

    /// The object that a row names.
    private static func objectKey(_ row: [SQLValue], of table: ArchivedTable) -> String? {
        func text(_ column: String) -> String? {
            guard let index = table.columns.firstIndex(of: column), case .text(let text) = row[index] else {
                return nil
            }
            return text
        }
        switch table.name {
        case "mocks": return text("source").flatMap { try? JSON.parse($0) }?["object_key"]?.string
        case "routes":
            guard let note = text("definition"), note.hasPrefix("{\"\(LargeDocuments.member)\":") else { return nil }
            return (try? JSON.parse(note)).flatMap(LargeDocuments.key)
        default: return text("object_key")
        }
    }

    /// False when the object has gone since it was listed.
    private func write(_ key: String, of tenant: TenantID, to spool: Spool) async throws -> Bool {
        guard let stream = try await objects.stream(key: key, tenant: tenant) else { return false }
        var writer = RecordWriter(spool)
        let head: JSON = ["key": .string(key)]
        try writer.append(.object, head.bytes)
        var hasher = SHA256()
        var size = 0
        for try await piece in stream {
            piece.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            size += piece.count
            try writer.append(.bytes, piece)
        }
        let end: JSON = ["size": JSON(size), "sha256": .string(Hexadecimal.text(hasher.finalize()))]
        try writer.append(.objectEnd, end.bytes)
        try writer.flush()
        return true
    }

    private func end(_ spool: Spool, missing: [String]) throws {
        // Counted once more from what was written, so that a defect here is found before the archive is trusted.
        var (rows, objects, bytes) = (0, 0, 0)
        var reader = RecordReader(spool)
        while let (kind, payload) = try reader.next() {
            switch kind {
            case .row: rows += 1
            case .object: objects += 1
            case .bytes: bytes += payload.count
            default: break
            }
        }
        let json: JSON = [
            "rows": JSON(rows), "objects": JSON(objects), "object_bytes": JSON(bytes),
            "missing_objects": .array(missing.map { .string($0) }),
        ]
        var writer = RecordWriter(spool)
        try writer.append(.end, json.bytes)
        try writer.flush()
    }
}
