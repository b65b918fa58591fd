import Domain
import Synchronization

/// How many live streams each tenant holds open, so that none can take all connections.
package final class OpenStreams: Sendable {
    static let limit = 20
    private let counts = Mutex<[TenantID: Int]>([:])

    package init() {}

    /// One tenant's place; given back once, whoever asks first.
    final class Place: Sendable {
        private let isTaken = Mutex(true)
        private let release: @Sendable () -> Void

        fileprivate init(release: @escaping @Sendable () -> Void) { self.release = release }

        deinit { leave() }

        func leave() {
            let wasTaken = isTaken.withLock { isTaken in
                defer { isTaken = false }
                return isTaken
            }
            if wasTaken { release() }
        }
    }

    /// Nil when the tenant has as many as it may.
    func take(_ tenant: TenantID) -> Place? {
        let isFree = counts.withLock { counts in
            guard counts[tenant, default: 0] < Self.limit else { return false }
            counts[tenant, default: 0] += 1
            return true
        }
        guard isFree else { return nil }
        return Place { [self] in
            counts.withLock { counts in
                let left = counts[tenant, default: 1] - 1
                counts[tenant] = left == 0 ? nil : left
            }
        }
    }
}
