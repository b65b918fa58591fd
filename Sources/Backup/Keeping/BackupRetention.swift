import Domain

/// Which backups are kept.
package struct BackupRetention: Sendable, Hashable {
    /// How many at most; nil for no bound.
    package var count: Int?
    /// How long; nil for ever.
    package var age: Duration?

    package init(count: Int? = nil, age: Duration? = nil) {
        self.count = count
        self.age = age
    }

    /// - Returns: the ids of those that may go. The newest never does, however old it is: it may be all there is.
    func expired(_ backups: [(id: String, createdAt: Timestamp)], at now: Timestamp) -> [String] {
        let newestFirst = backups.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
        return newestFirst.enumerated().dropFirst().filter { index, backup in
            count.map { index >= $0 } ?? false || age.map { backup.createdAt < now - $0 } ?? false
        }.map(\.element.id)
    }
}
