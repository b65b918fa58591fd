/// How far a backup, a restore or a move has come.
package struct BackupProgress: Sendable, Hashable {
    /// What is worked on: a tenant's id, or `platform`.
    package let part: String
    /// This part's number among all, from 1.
    package let position: Int
    package let count: Int

    package init(part: String, position: Int, count: Int) {
        self.part = part
        self.position = position
        self.count = count
    }
}

/// Told before each part is begun.
package typealias BackupObserver = @Sendable (BackupProgress) -> Void
