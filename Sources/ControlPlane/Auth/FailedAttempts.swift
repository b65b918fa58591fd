import Domain
import Synchronization

/// Counts failed authentications by remote address, so that nobody guesses at speed. API keys and other credentials are
/// counted apart: a program with an old key must not keep the operator out.
final class FailedAttempts: Sendable {
    enum Kind: Hashable {
        /// Has the form of an API key.
        case key
        case token
        /// Asks for a link to sign in, or shows a wrong one. Each counts, since nobody can tell yet whether it failed.
        case signIn
    }

    private struct Source: Hashable {
        let address: String
        let kind: Kind
    }

    private static let limit = 30
    private static let window = Duration.seconds(60)
    private static let trust = Duration.seconds(3600)
    /// Entries of each table; the oldest half goes when a table is full.
    private static let capacity = 10_000

    private struct Tables {
        var failures: [Source: (count: Int, since: Timestamp)] = [:]
        /// When a credential was last good, by address and the credential's hash.
        var successes: [String: Timestamp] = [:]
    }

    private let tables = Mutex(Tables())

    /// Seconds until the address may fail again; nil when it may fail now.
    func wait(_ address: String, _ kind: Kind, at now: Timestamp) -> Int? {
        tables.withLock { tables in
            guard let entry = tables.failures[Source(address: address, kind: kind)], entry.since + Self.window > now,
                entry.count >= Self.limit
            else { return nil }
            return max(1, Int((entry.since + Self.window - now).components.seconds))
        }
    }

    /// Whether the credential was good from this address a short while ago.
    func wasGood(_ address: String, credential: String, at now: Timestamp) -> Bool {
        tables.withLock { tables in
            tables.successes[address + " " + credential].map { $0 + Self.trust > now } ?? false
        }
    }

    /// Counts what may fail.
    ///
    /// - Throws: 429 when the address has no attempt left.
    func note(_ address: String, _ kind: Kind, at now: Timestamp) throws(Problem) {
        if let seconds = wait(address, kind, at: now) { throw Self.refusal(seconds) }
        noteFailure(address, kind, at: now)
    }

    static func refusal(_ seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "too_many_failures",
            detail: "Too many attempts from this address; wait \(seconds) seconds.",
            headers: [("Retry-After", String(seconds))])
    }

    func noteFailure(_ address: String, _ kind: Kind, at now: Timestamp) {
        let source = Source(address: address, kind: kind)
        tables.withLock { tables in
            if let entry = tables.failures[source], entry.since + Self.window > now {
                tables.failures[source] = (entry.count + 1, entry.since)
            } else {
                if tables.failures.count >= Self.capacity {
                    let middle = tables.failures.values.map(\.since).sorted()[Self.capacity / 2]
                    tables.failures = tables.failures.filter { $0.value.since > middle }
                }
                tables.failures[source] = (1, now)
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
