package import Backup
import Domain
import Logging
import Persistence

/// Makes a backup of everything when one is due, and removes those that need not be kept. Of several nodes one does it.
package struct BackupReconciler: Reconciler {
    package let name = "backup"
    private let platform: Platform
    private let backups: Backups
    private let schedule: BackupSchedule
    private let retention: BackupRetention
    /// This node's, in the claim.
    private let holder: String

    /// How long a claim lasts unless renewed, and so how long a failed attempt or a dead node holds the next one up.
    private static let claim = Duration.seconds(600)
    private static let renewal = Duration.seconds(60)

    package init(platform: Platform, backups: Backups, schedule: BackupSchedule, retention: BackupRetention) {
        self.platform = platform
        self.backups = backups
        self.schedule = schedule
        self.retention = retention
        holder = AuditID(from: platform.surroundings).text
    }

    package func reconcile() async throws {
        let begun = platform.surroundings.now()
        guard try await isOurs(at: begun) else { return }
        let renewing = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.renewal)
                let end = platform.surroundings.now() + Self.claim
                try await platform.database.write(.platform) { sql in
                    try ClaimRepository(sql).renew(name, holder: holder, until: end)
                }
            }
        }
        defer { renewing.cancel() }
        let manifest = try await backups.create()
        let size = manifest.size
        platform.logger.info(
            "backup made",
            metadata: ["backup": "\(manifest.id)", "parts": "\(manifest.parts.count)", "bytes": "\(size)"])
        try await platform.database.write(.platform) { sql in
            try ClaimRepository(sql).complete(name, holder: holder, begunAt: begun)
        }
        for id in try await backups.prune(retention) {
            platform.logger.info("backup removed, as backup.keep says", metadata: ["backup": "\(id)"])
        }
    }

    private func isOurs(at now: Timestamp) async throws -> Bool {
        let last = try await platform.database.read(.platform) { sql in try ClaimRepository(sql).lastBegun(name) }
        guard schedule.isDue(at: now, last: last) else { return false }
        return try await platform.database.write(.platform) { sql in
            try ClaimRepository(sql).claim(name, holder: holder, last: last, until: now + Self.claim, at: now)
        }
    }
}
