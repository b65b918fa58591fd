import Domain
import Synchronization

/// The journals that are in memory, and the bytes that they take together.
final class JournalTable: Sendable {
    private struct Key: Hashable {
        let tenant: TenantID
        let workspace: WorkspaceID
    }

    let limits: JournalLimits
    private let journals = Mutex<[Key: WorkspaceJournal]>([:])
    private let bytes = Atomic<Int>(0)
    /// Held while making room, so that two appends do not both do it.
    private let eviction = Mutex(())

    init(limits: JournalLimits) { self.limits = limits }

    func journal(tenant: TenantID, workspace: WorkspaceID) -> WorkspaceJournal {
        journals.withLock { journals in
            let key = Key(tenant: tenant, workspace: workspace)
            if let journal = journals[key] { return journal }
            let journal = WorkspaceJournal(in: self)
            journals[key] = journal
            return journal
        }
    }

    func remove(tenant: TenantID) -> [WorkspaceJournal] {
        journals.withLock { journals in
            let keys = journals.keys.filter { $0.tenant == tenant }
            return keys.compactMap { journals.removeValue(forKey: $0) }
        }
    }

    /// Journals refer to their table.
    func removeAll() { journals.withLock { $0 = [:] } }

    /// A journal has grown by so many bytes or, below zero, shrunk.
    func resize(by growth: Int, _ journal: WorkspaceJournal) {
        let total = bytes.wrappingAdd(growth, ordering: .relaxed).newValue
        if total > limits.totalBytes { makeRoom(for: journal) }
    }

    /// Forgets the quietest workspaces until a tenth of the budget is free, so that the search is rare.
    private func makeRoom(for newest: WorkspaceJournal) {
        _ = eviction.withLockIfAvailable { _ in
            let quietest = journals.withLock { Array($0.values) }
                .filter { $0 !== newest }
                .map { (journal: $0, lastUse: $0.lastUse) }
                .sorted { $0.lastUse < $1.lastUse }
            for candidate in quietest {
                if bytes.load(ordering: .relaxed) <= limits.totalBytes / 10 * 9 { break }
                candidate.journal.clear()
            }
        }
    }
}
