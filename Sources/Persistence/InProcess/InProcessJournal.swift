package import Domain

/// Journals in memory: a ring for each workspace, within a budget for each and one for all.
package final class InProcessJournal: Journal {
    private let table: JournalTable

    package init(limits: JournalLimits = JournalLimits()) { table = JournalTable(limits: limits) }

    deinit { table.removeAll() }

    package func appender(tenant: TenantID, workspace: WorkspaceID) -> any JournalAppender {
        table.journal(tenant: tenant, workspace: workspace)
    }

    package func entries(
        tenant: TenantID, workspace: WorkspaceID, before: JournalID?, limit: Int,
        where isIncluded: @Sendable (JournalEntry) -> Bool
    ) async throws -> [JournalEntry] {
        let journal = table.journal(tenant: tenant, workspace: workspace)
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
        table.journal(tenant: tenant, workspace: workspace).clear()
    }

    package func stream(tenant: TenantID, workspace: WorkspaceID) -> AsyncStream<JournalEntry> {
        table.journal(tenant: tenant, workspace: workspace).stream()
    }

    package func remove(tenant: TenantID) async throws {
        for journal in table.remove(tenant: tenant) { journal.close() }
    }
}
