import Domain
import Synchronization

/// Counts failed authentications by remote address, so that nobody guesses at speed.
///
/// Once an address is over its limit, what it shows is refused unseen, except credentials that were good there a short
/// while ago: a stranger behind the same proxy cannot lock a working client out.
final class FailedAttempts: Sendable {
    private static let limit = 30
    private static let window = Duration.seconds(60)
    private static let trust = Duration.seconds(3600)
    /// Entries of each table; the oldest half goes when a table is full.
    private static let capacity = 10_000

    private struct Tables {
        var failures: [String: (count: Int, since: Timestamp)] = [:]
        /// When a credential was last good, by address and the credential's hash.
        var successes: [String: Timestamp] = [:]
    }

    private let tables = Mutex(Tables())

    /// Seconds to wait before a credential is looked at; nil when it may be looked at now.
    func wait(_ address: String, credential: String, at now: Timestamp) -> Int? {
        tables.withLock { tables in
            guard let entry = tables.failures[address], entry.since + Self.window > now, entry.count >= Self.limit
            else { return nil }
            if let good = tables.successes[address + " " + credential], good + Self.trust > now { return nil }
            return max(1, Int((entry.since + Self.window - now).components.seconds))
        }
    }

    func noteFailure(_ address: String, at now: Timestamp) {
        tables.withLock { tables in
            if let entry = tables.failures[address], entry.since + Self.window > now {
                tables.failures[address] = (entry.count + 1, entry.since)
            } else {
                if tables.failures.count >= Self.capacity {
                    let middle = tables.failures.values.map(\.since).sorted()[Self.capacity / 2]
                    tables.failures = tables.failures.filter { $0.value.since > middle }
                }
                tables.failures[address] = (1, now)
            }
        }
    }

    func noteSuccess(_ address: String, credential: String, at now: Timestamp) {
        tables.withLock { tables in
            if tables.successes.count >= Self.capacity {
                let middle = tables.successes.values.sorted()[Self.capacity / 2]
                tables.successes = tables.successes.filter { $0.value > middle }
            }
            tables.successes[address + " " + credential] = now
        }
    }
}
