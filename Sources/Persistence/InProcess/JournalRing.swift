import DequeModule

/// The newest entries of one workspace, oldest first, within the bounds of `JournalLimits`.
package struct JournalRing: Sendable {
    private var deque = Deque<any DeferredJournalEntry>()
    /// What the entries take in memory, about.
    package private(set) var bytes = 0

    package init() {}

    package var count: Int { deque.count }

    package var entries: [any DeferredJournalEntry] { Array(deque) }

    /// By their places among those that are kept.
    package func entries(_ places: Range<Int>) -> [any DeferredJournalEntry] { Array(deque[places]) }

    /// Adds an entry, and forgets the oldest where there is no room for it.
    ///
    /// - Returns: bytes by which the ring has grown, below zero when it has shrunk, and how many entries were forgotten.
    package mutating func append(
        _ entry: any DeferredJournalEntry, _ limits: JournalLimits
    ) -> (growth: Int, forgotten: Int) {
        let cost = entry.cost
        var (growth, forgotten) = (cost, 0)
        while deque.count >= limits.entriesPerWorkspace || (bytes + growth > limits.bytesPerWorkspace) {
            guard let oldest = deque.popFirst() else { break }
            growth -= oldest.cost
            forgotten += 1
        }
        deque.append(entry)
        bytes += growth
        return (growth, forgotten)
    }
}
