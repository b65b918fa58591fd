package import Backup
import Domain
import JSON
import Logging
import Persistence
import Synchronization

/// Runs backups, checks and restores that the API was asked for: one at a time on the whole platform, in the background, so
/// that nobody's connection ends them. How far each has come is in the platform's schema, where every node finds it.
package struct BackupWork: Sendable {
    /// Reaches the place where backups lie.
    package typealias Opening = @Sendable () async throws -> Backups

    package let open: Opening

    package init(_ open: @escaping Opening) { self.open = open }

    private static let claim = "backup_operation"
    /// After this long without a word of its node an operation counts as broken off.
    static let patience = Duration.seconds(60)
    /// How often a node looks whether there is something new to write down, and says that it is there at least.
    private static let interval = Duration.seconds(1)
    private static let renewal = Duration.seconds(15)

    /// What an operation does; returns what its `result` is to hold.
    typealias Body = @Sendable (Backups, @escaping BackupObserver) async throws -> JSON

    /// In the transaction that puts the operation on record: refuses a second one at a time.
    static func begin(_ record: BackupOperationRecord, _ sql: any SQLSession, at now: Timestamp) throws {
        let claims = ClaimRepository(sql)
        guard
            try claims.claim(
                claim, holder: record.id.text, last: try claims.lastBegun(claim), until: now + patience, at: now)
        else {
            throw Problem(
                .conflict, code: "backup_in_progress",
                detail: "Another backup, check or restore is in progress; see /backups/operations.",
                headers: [("Retry-After", "5")])
        }
        try BackupOperationRepository(sql).insert(record)
    }

    /// Does the work of an operation that is on record.
    func start(_ record: BackupOperationRecord, on platform: Platform, _ body: @escaping Body) {
        Task {
            let progress = Mutex<BackupProgress?>(nil)
            let reporting = Task { await report(record, progress: { progress.withLock { $0 } }, platform) }
            let end: JSON
            do {
                let result = try await body(try await open()) { step in progress.withLock { $0 = step } }
                end = ["state": "done", "result": result]
            } catch {
                platform.logger.error(
                    "an operation on backups failed", metadata: ["operation": "\(record.id)", "error": "\(error)"])
                end = ["state": "failed", "error": .string("\(error)")]
            }
            reporting.cancel()
            await reporting.value
            let last = Self.shown(progress.withLock { $0 })
            await write(record.document.merging(["progress": last]).merging(end), of: record, platform)
            let now = platform.surroundings.now()
            try? await platform.database.write(.platform) { sql in
                try ClaimRepository(sql).complete(Self.claim, holder: record.id.text, begunAt: now)
            }
        }
    }

    private func report(
        _ record: BackupOperationRecord, progress: () -> BackupProgress?, _ platform: Platform
    ) async {
        var (written, since) = (nil as BackupProgress?, Duration.zero)
        while (try? await Task.sleep(for: Self.interval)) != nil {
            since += Self.interval
            let current = progress()
            guard current != written || since >= Self.renewal else { continue }
            await write(record.document.merging(["progress": Self.shown(current)]), of: record, platform)
            (written, since) = (current, .zero)
        }
    }

    private func write(_ document: JSON, of record: BackupOperationRecord, _ platform: Platform) async {
        let now = platform.surroundings.now()
        do {
            try await platform.database.write(.platform) { sql in
                try BackupOperationRepository(sql).update(record.id, document: document, at: now)
                try ClaimRepository(sql).renew(Self.claim, holder: record.id.text, until: now + Self.patience)
            }
        } catch {
            platform.logger.warning(
                "the progress of an operation on backups could not be written",
                metadata: ["operation": "\(record.id)", "error": "\(error)"])
        }
    }

    private static func shown(_ progress: BackupProgress?) -> JSON {
        guard let progress else { return .null }
        return [
            "part": .string(progress.part), "position": JSON(progress.position), "count": JSON(progress.count),
        ]
    }
}
