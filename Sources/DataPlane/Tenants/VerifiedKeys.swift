import Crypto
import Synchronization

/// API keys of one tenant that were found valid, so that a key is not looked up for every request. Forgotten whenever the
/// tenant or one of its keys changes, and after a while in case a key expires.
final class VerifiedKeys: Sendable {
    private static let limit = 256
    private static let lifetimeMicroseconds: Int64 = 10_000_000

    private struct State {
        /// By SHA-256; the value is when the entry ends.
        var ends: [SHA256Digest: Int64] = [:]
        var generation = 0
    }

    private let state = Mutex(State())

    /// Counts the changes: a verdict that was asked for before a change is not kept.
    var generation: Int { state.withLock { $0.generation } }

    func contains(_ digest: SHA256Digest, at microseconds: Int64) -> Bool {
        state.withLock { state in state.ends[digest].map { $0 > microseconds } ?? false }
    }

    func insert(_ digest: SHA256Digest, at microseconds: Int64, generation: Int) {
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.ends.count >= Self.limit { state.ends.removeAll() }
            state.ends[digest] = microseconds + Self.lifetimeMicroseconds
        }
    }

    func removeAll() {
        state.withLock { state in
            state.ends.removeAll()
            state.generation += 1
        }
    }

    static func digest(_ secret: String) -> SHA256Digest {
        var hash = SHA256()
        var secret = secret
        secret.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize()
    }
}
