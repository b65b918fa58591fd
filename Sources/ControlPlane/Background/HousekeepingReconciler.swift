import Domain
import Persistence

/// Writes down when keys were used, and forgets mail that was delivered and links that ended long ago.
package struct HousekeepingReconciler: Reconciler {
    package let name = "housekeeping"
    private let platform: Platform
    private let keyUse: KeyUse

    private static let keepsSentMail = Duration.seconds(30 * 86_400)

    package init(platform: Platform, keyUse: KeyUse) {
        self.platform = platform
        self.keyUse = keyUse
    }

    package func reconcile() async throws {
        try await keyUse.flush(to: platform.database)
        let now = platform.surroundings.now()
        try await platform.database.write(.platform) { sql in
            _ = try OutboxRepository(sql).deleteSent(before: now - Self.keepsSentMail)
            _ = try BackupOperationRepository(sql).delete(before: now - Self.keepsSentMail)
            _ = try QuotaEventRepository(sql).delete(before: now - Self.keepsSentMail)
            try OneTimeLinkRepository(sql).deleteExpired(before: now)
            try SignInRepository(sql).deleteExpiredLinks(before: now)
        }
    }
}
