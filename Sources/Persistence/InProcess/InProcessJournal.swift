package import Domain
import Synchronization

/// Journals in memory: a ring for each workspace, within a budget for each and one for all.
package final class InProcessJournal: Journal {
    private struct Key: Hashable {
        let tenant: TenantID
        let workspace: WorkspaceID
    }

    /// A part of the table with a lock of its own, since every request of the data plane looks its workspace up.
    private final class Shard: Sendable {
        let journals = Mutex<[Key: WorkspaceJournal]>([:])
    }

    private let limits: JournalLimits
    private let shards: [Shard]
    private let bytes = Atomic<Int>(0)
    private let uses = Atomic<UInt64>(0)
    /// Held while making room, so that two appends do not both do it.
    private let eviction = Mutex(())

    package init(limits: JournalLimits = JournalLimits()) {
        self.limits = limits
        shards = (0..<16).map { _ in Shard() }
    }

    package func append(_ entry: JournalEntry, tenant: TenantID, workspace: WorkspaceID) {
        append(ReadJournalEntry(entry), tenant: tenant, workspace: workspace)
    }

    package func append(_ entry: any DeferredJournalEntry, tenant: TenantID, workspace: WorkspaceID) {
        let journal = journal(Key(tenant: tenant, workspace: workspace))
        journal.lastUse.store(
            uses.wrappingAdd(1, ordering: .relaxed).newValue, ordering: .relaxed)
        let growth = journal.append(entry)
        let total = bytes.wrappingAdd(growth, ordering: .relaxed).newValue
        if total > limits.totalBytes { makeRoom(for: journal) }
    }

    package func entries(
        tenant: TenantID, workspace: WorkspaceID, before: JournalID?, limit: Int,
        where isIncluded: @Sendable (JournalEntry) -> Bool
    ) async throws -> [JournalEntry] {
        let journal = journal(Key(tenant: tenant, workspace: workspace))
        var result: [JournalEntry] = []
        var hasPassedStart = before == nil
        var position: Int?
        while result.count < limit {
            let (piece, oldest) = journal.piece(before: position, count: 100)
            if piece.isEmpty { break }
            for entry in piece where result.count < limit {
                if !hasPassedStart {
                    hasPassedStart = entry.id == before
                } else if isIncluded(entry) {
                    result.append(entry)
                }
            }
            position = oldest
        }
        return result
    }

    package func clear(tenant: TenantID, workspace: WorkspaceID) async throws {
        release(journal(Key(tenant: tenant, workspace: workspace)).clear())
    }

    package func stream(tenant: TenantID, workspace: WorkspaceID) -> AsyncStream<JournalEntry> {
        journal(Key(tenant: tenant, workspace: workspace)).stream()
    }

    package func remove(tenant: TenantID) async throws {
        for shard in shards {
            let removed = shard.journals.withLock { journals in
                let keys = journals.keys.filter { $0.tenant == tenant }
                return keys.compactMap { journals.removeValue(forKey: $0) }
            }
            for journal in removed { release(journal.close()) }
        }
    }

    private func journal(_ key: Key) -> WorkspaceJournal {
        // The remainder of a bit pattern, as a hash may be negative.
        let shard = shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
        return shard.journals.withLock { journals in
            if let journal = journals[key] { return journal }
            let journal = WorkspaceJournal(limits: limits)
            journals[key] = journal
            return journal
        }
    }

    private func release(_ freed: Int) { bytes.wrappingSubtract(freed, ordering: .relaxed) }

    /// Forgets the quietest workspaces until a tenth of the budget is free, so that the search is rare.
    private func makeRoom(for newest: WorkspaceJournal) {
        _ = eviction.withLockIfAvailable { _ in
            var candidates: [(lastUse: UInt64, journal: WorkspaceJournal)] = []
            for shard in shards {
                for journal in shard.journals.withLock({ Array($0.values) }) where journal !== newest {
                    candidates.append((journal.lastUse.load(ordering: .relaxed), journal))
                }
            }
            candidates.sort { $0.lastUse < $1.lastUse }
            for candidate in candidates {
                if bytes.load(ordering: .relaxed) <= limits.totalBytes / 10 * 9 { break }
                release(candidate.journal.clear())
            }
        }
    }
}
