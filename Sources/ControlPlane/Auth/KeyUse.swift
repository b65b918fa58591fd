import Domain
package import Persistence
import Synchronization

/// Remembers when keys were used and writes it down later, off the path of requests and at most once a minute for a key.
package final class KeyUse: Sendable {
    private static let interval = Duration.seconds(60)
    private static let capacity = 100_000

    private struct State {
        var pending: [APIKeyID: Timestamp] = [:]
        var written: [APIKeyID: Timestamp] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    func note(_ key: APIKeyRecord, at now: Timestamp) {
        if let last = key.lastUsedAt, last + Self.interval > now { return }
        state.withLock { state in
            if let last = state.written[key.id], last + Self.interval > now { return }
            if state.pending.count < Self.capacity { state.pending[key.id] = now }
        }
    }

    /// Writes what was noted since the last call. A crash loses at most that.
    package func flush(to database: any Database) async throws {
        let uses = state.withLock { state in
            let uses = state.pending
            state.pending = [:]
            if state.written.count > Self.capacity { state.written = [:] }
            state.written.merge(uses) { $1 }
            return uses
        }
        if uses.isEmpty { return }
        try await database.write(.platform) { sql in
            for (id, moment) in uses { try APIKeyRepository(sql).markUsed(id, at: moment) }
        }
    }
}
