import Synchronization

/// A source of "randomness" that only counts.
final class SeededCounter: Sendable {
    private let state = Mutex<UInt64>(0)

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            return state
        }
    }
}
