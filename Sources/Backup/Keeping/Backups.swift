import Crypto
package import Domain
package import Logging
package import Persistence
import Synchronization

/// Makes backups of a platform, looks after them and brings tenants back from them.
package struct Backups: Sendable {
    private let database: any Database
    private let objects: any ObjectStore
    private let announcements: any Announcements
    private let shelf: BackupShelf
    private let key: BackupKey?
    private let surroundings: Surroundings
    private let spoolFolder: String
    private let version: String
    private let logger: Logger

    /// - Parameters:
    ///   - store: where backups lie; not where the tenants' objects are.
    ///   - spoolFolder: on a disk with room for the largest tenant.
    ///   - version: of this binary, for the manifest.
    package init(
        database: any Database, objects: any ObjectStore, announcements: any Announcements, store: any ObjectStore,
        key: BackupKey?, spoolFolder: String, surroundings: Surroundings = .system, version: String, logger: Logger
    ) {
        self.database = database
        self.objects = objects
        self.announcements = announcements
        shelf = BackupShelf(store)
        self.key = key
        self.surroundings = surroundings
        self.spoolFolder = spoolFolder
        self.version = version
        self.logger = logger
    }

    // MARK: Making

    /// Backs up the platform and all tenants, or one tenant. A tenant that cannot be read does not keep the others from
    /// being backed up: the manifest names it.
    ///
    /// - Throws: `BackupError`; nothing that counts as a backup is then left.
    package func create(_ tenant: TenantID? = nil, observer: BackupObserver = { _ in }) async throws -> BackupManifest {
        let now = surroundings.now()
        var manifest = BackupManifest(
            id: Self.id(at: now, surroundings), createdAt: now, isWhole: tenant == nil, keyID: key?.id,
            mockforge: version)
        let parts: [ArchivePart] = if let tenant { [.tenant(tenant)] } else { try await allParts() }
        do {
            for (index, part) in parts.enumerated() {
                observer(BackupProgress(part: part.description, position: index + 1, count: parts.count))
                do {
                    manifest.parts.append(try await store(part, of: manifest.id))
                } catch  where tenant == nil && !(error is CancellationError) && Self.isOfTenant(error) {
                    guard case .tenant(let id) = part, try await exists(id) else { continue }
                    logger.error(
                        "a tenant could not be backed up", metadata: ["tenant_id": "\(id)", "error": "\(error)"])
                    manifest.skipped.append(BackupManifest.Skipped(tenant: id, reason: Self.sentence(error)))
                }
            }
            try await shelf.put(manifest)
        } catch {
            try? await shelf.remove(manifest.id)
            throw Self.translated(error)
        }
        return manifest
    }

    /// Whether other tenants can still be backed up after this.
    private static func isOfTenant(_ error: any Error) -> Bool {
        switch error as? DatabaseError {
        case .noSuchSchema, .schemaVersion, .failed, .unexpectedValue: true
        default: if case .refused = error as? BackupError { true } else { false }
        }
    }

    static func translated(_ error: any Error) -> any Error {
        guard case .noSuchSchema(let tenant) = error as? DatabaseError else { return error }
        return BackupError.refused("tenant \(tenant) has no schema; if it was destroyed, restore it from a backup")
    }

    private static func sentence(_ error: any Error) -> String { "\(translated(error))" }

    private func exists(_ tenant: TenantID) async throws -> Bool {
        try await database.read(.platform) { sql in try TenantRepository(sql).find(tenant)?.isProvisioned == true }
    }

    private func allParts() async throws -> [ArchivePart] {
        let tenants = try await database.read(.platform) { sql in
            try sql.query("SELECT id FROM tenants WHERE is_provisioned = 1 ORDER BY id", []).compactMap {
                TenantID(try $0.text("id"))
            }
        }
        return [.platform] + tenants.map(ArchivePart.tenant)
    }

    private func store(_ part: ArchivePart, of backup: String) async throws -> BackupManifest.Part {
        let archive = try await Capture(database: database, objects: objects, spoolFolder: spoolFolder)
            .archive(of: part)
        let seal = ArchiveSeal(label: Self.label(part, backup), key: key, surroundings)
        let hasher = Mutex(SHA256())
        let stream = seal.stream(of: archive.spool) { piece in
            hasher.withLock { hasher in piece.withUnsafeBytes { hasher.update(bufferPointer: $0) } }
        }
        let size = try await shelf.put(stream, part: part, of: backup)
        return BackupManifest.Part(
            summary: archive.summary, size: size, hash: Hexadecimal.text(hasher.withLock { $0.finalize() }))
    }

    private static func label(_ part: ArchivePart, _ backup: String) -> String { "\(backup)/\(part)" }

    private static func id(at now: Timestamp, _ surroundings: Surroundings) -> String {
        let time = now.rfc3339.prefix(19).lowercased().filter { $0 != "-" && $0 != ":" }
        return time + "z-" + AuditID(from: surroundings).text.suffix(4)
    }

    // MARK: Looking

    /// One line of a list.
    package struct Entry: Sendable {
        package let id: String
        /// Nil for a backup that was never completed or whose manifest is not readable.
        package let manifest: BackupManifest?
    }

    /// Oldest first.
    package func list() async throws -> [Entry] {
        var entries: [Entry] = []
        for (id, isComplete) in try await shelf.ids() {
            entries.append(Entry(id: id, manifest: isComplete ? try? await shelf.manifest(id) : nil))
        }
        return entries
    }

    package func manifest(_ id: String) async throws -> BackupManifest { try await shelf.manifest(id) }

    /// Reads every archive of a backup from end to end.
    ///
    /// - Parameter tenant: with it, only this one's.
    /// - Returns: what is wrong, one sentence for each part; empty when all is as it was written.
    package func verify(
        _ id: String, tenant: TenantID? = nil, observer: BackupObserver = { _ in }
    ) async throws -> [String] {
        let manifest = try await shelf.manifest(id)
        let parts = try Self.parts(of: manifest, tenant)
        var findings: [String] = []
        for (index, part) in parts.enumerated() {
            observer(
                BackupProgress(part: part.summary.part.description, position: index + 1, count: parts.count))
            do {
                let archive = try await open(part, of: manifest)
                if !archive.summary.missingObjects.isEmpty {
                    findings.append(
                        "\(part.summary.part): files were missing already when the backup was made: "
                            + archive.summary.missingObjects.joined(separator: ", "))
                }
            } catch let error as BackupError {
                if case .damaged(let sentence) = error {
                    findings.append("\(part.summary.part): \(sentence)")
                } else {
                    throw error
                }
            }
        }
        return findings
    }

    private static func parts(of manifest: BackupManifest, _ tenant: TenantID?) throws -> [BackupManifest.Part] {
        guard let tenant else { return manifest.parts }
        let parts = manifest.parts.filter { $0.summary.part == .tenant(tenant) }
        guard !parts.isEmpty else { throw BackupError.refused("the backup \(manifest.id) has no tenant \(tenant)") }
        return parts
    }

    /// Fetches, decrypts and checks one archive.
    private func open(_ part: BackupManifest.Part, of manifest: BackupManifest) async throws -> OpenArchive {
        let name = part.summary.part
        let spool = try Spool(in: spoolFolder)
        var opening = ArchiveOpening(label: Self.label(name, manifest.id), key: key, into: spool)
        var hasher = SHA256()
        var size = 0
        for try await piece in try await shelf.stream(name, of: manifest.id) {
            piece.withUnsafeBytes { hasher.update(bufferPointer: $0) }
            size += piece.count
            guard size <= part.size else { break }
            try opening.add(piece)
        }
        guard size == part.size, Hexadecimal.text(hasher.finalize()) == part.hash else {
            throw BackupError.damaged("the archive is not the file that was written: its size or SHA-256 differs")
        }
        try opening.finish()
        return try OpenArchive(spool, part: name)
    }

    // MARK: Restoring

    /// How one tenant is brought back.
    package enum Destination: Sendable {
        case same(replaces: Bool)
        /// - Parameter key: of the new tenant.
        case new(TenantID, Subdomain, key: APIKeyRecord)
    }

    /// Brings one tenant back, and only it. Its archive is read and checked whole before anything is touched.
    ///
    /// - Parameter observer: called after each step, for tests that break a restore off.
    package func restore(
        _ tenant: TenantID, from id: String, to destination: Destination,
        observer: (@Sendable (TenantRestore.Step) async throws -> Void)? = nil
    ) async throws {
        let manifest = try await shelf.manifest(id)
        let archive = try await open(try Self.parts(of: manifest, tenant)[0], of: manifest)
        let target: TenantRestore.Destination =
            switch destination {
            case .same(let replaces): .same(replaces: replaces)
            case .new(let tenant, let subdomain, let key): .new(tenant, subdomain, key: key)
            }
        try await TenantRestore(
            database: database, objects: objects, announcements: announcements, surroundings: surroundings,
            observer: observer
        ).restore(archive, to: target)
    }

    /// Brings back everything that a backup holds. A tenant that cannot be brought back does not keep the others from it.
    ///
    /// - Returns: what did not come back, and why.
    package func restoreAll(
        from id: String, replaces: Bool, observer: BackupObserver = { _ in }
    ) async throws -> [BackupManifest.Skipped] {
        let manifest = try await shelf.manifest(id)
        var failures: [BackupManifest.Skipped] = []
        for (index, part) in manifest.parts.enumerated() {
            observer(
                BackupProgress(
                    part: part.summary.part.description, position: index + 1, count: manifest.parts.count))
            switch part.summary.part {
            case .platform:
                try await PlatformRestore(database: database).restore(
                    try await open(part, of: manifest), for: .restore)
            case .tenant(let tenant):
                do {
                    try await restoring.restore(
                        try await open(part, of: manifest), to: .same(replaces: replaces))
                } catch let error as BackupError {
                    if case .failed = error { throw error }
                    failures.append(BackupManifest.Skipped(tenant: tenant, reason: error.description))
                }
            }
        }
        return failures
    }

    private var restoring: TenantRestore {
        TenantRestore(
            database: database, objects: objects, announcements: announcements, surroundings: surroundings)
    }

    // MARK: Forgetting

    /// Removes backups of everything that are beyond `retention`, and what was never completed and is a day old.
    ///
    /// - Returns: the ids of those that went.
    @discardableResult
    package func prune(_ retention: BackupRetention) async throws -> [String] {
        let now = surroundings.now()
        var removed: [String] = []
        let entries = try await list()
        let whole = entries.compactMap(\.manifest).filter(\.isWhole)
        for manifest in retention.expired(whole.map { ($0.id, $0.createdAt) }, at: now) { removed.append(manifest) }
        let yesterday = Self.id(at: now - .seconds(86_400), surroundings)
        removed += entries.filter { $0.manifest == nil && $0.id < yesterday }.map(\.id)
        for id in removed { try await shelf.remove(id) }
        return removed
    }
}
