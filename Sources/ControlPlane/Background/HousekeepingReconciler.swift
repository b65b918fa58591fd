import Domain
import Persistence

/// Writes down when keys were used and forgets answers that are too old to be repeated.
package struct HousekeepingReconciler: Reconciler {
    package let name = "housekeeping"
    private let platform: Platform
    private let keyUse: KeyUse

    package init(platform: Platform, keyUse: KeyUse) {
        self.platform = platform
        self.keyUse = keyUse
    }

    package func reconcile() async throws {
        try await keyUse.flush(to: platform.database)
        let now = platform.surroundings.now()
        for scope in [DatabaseScope.platform] + (try await platform.database.schemas()).map(DatabaseScope.tenant) {
            do {
                try await platform.database.write(scope) { sql in
                    _ = try IdempotencyRepository(sql).deleteExpired(at: now)
                }
            } catch DatabaseError.noSuchSchema {
                // Purged since the list was made.
            }
        }
    }
}
