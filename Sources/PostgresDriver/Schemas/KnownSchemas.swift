import Domain
import Persistence
import Synchronization

/// The schemas that this process has found at the version it needs. Nobody takes a schema back to an older version, and what
/// a newer binary does to it keeps this one working, so a look at the first use is enough.
final class KnownSchemas: Sendable {
    private let current = Mutex<Set<DatabaseScope>>([])

    private static let maxCount = 50_000

    func contains(_ scope: DatabaseScope) -> Bool { current.withLock { $0.contains(scope) } }

    func insert(_ scope: DatabaseScope) {
        current.withLock { scopes in
            // Looking again costs a query each; remembering for ever costs memory.
            if scopes.count >= Self.maxCount { scopes.removeAll(keepingCapacity: true) }
            scopes.insert(scope)
        }
    }

    func remove(_ scope: DatabaseScope) { current.withLock { _ = $0.remove(scope) } }
}
