package import Domain
import Synchronization

/// Sessions in memory: they end with the process.
package final class InProcessSessions: SessionStore {
    private struct Key: Hashable {
        let tenant: TenantID
        let hash: String
    }

    private struct Entry {
        let session: SessionRecord
        var keptUntil: Timestamp
    }

    /// Those that were used least lately go when there are more.
    private static let capacity = 100_000

    private let now: @Sendable () -> Timestamp
    private let entries = Mutex<[Key: Entry]>([:])

    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    package func insert(
        _ session: SessionRecord, under hash: String, of tenant: TenantID, for idle: Duration
    ) async throws {
        let now = now()
        entries.withLock { entries in
            if entries.count >= Self.capacity { Self.makeRoom(in: &entries, at: now) }
            entries[Key(tenant: tenant, hash: hash)] = Entry(session: session, keptUntil: now + idle)
        }
    }

    package func find(_ hash: String, of tenant: TenantID, keepingFor idle: Duration) async throws -> SessionRecord? {
        let (now, key) = (now(), Key(tenant: tenant, hash: hash))
        return entries.withLock { entries in
            guard let entry = entries[key], entry.keptUntil > now else {
                entries[key] = nil
                return nil
            }
            entries[key]?.keptUntil = now + idle
            return entry.session
        }
    }

    package func remove(_ hash: String, of tenant: TenantID) async throws {
        entries.withLock { $0[Key(tenant: tenant, hash: hash)] = nil }
    }

    private static func makeRoom(in entries: inout [Key: Entry], at now: Timestamp) {
        entries = entries.filter { $0.value.keptUntil > now }
        guard entries.count >= capacity else { return }
        let middle = entries.values.map(\.keptUntil).sorted()[capacity / 2]
        entries = entries.filter { $0.value.keptUntil > middle }
    }
}
