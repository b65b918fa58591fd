package import Domain
import Synchronization

/// A clock that stands still until told, and a generator that always starts the same.
package final class TestSurroundings: Sendable {
    private struct State {
        var now: Timestamp
        var seed: UInt64
    }

    private let state: Mutex<State>

    package init(now: Timestamp = Timestamp(seconds: 1_800_000_000), seed: UInt64 = 1) {
        state = Mutex(State(now: now, seed: seed))
    }

    package func advance(by duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }

    package var now: Timestamp { state.withLock { $0.now } }

    package var surroundings: Surroundings {
        Surroundings(now: { self.now }, random: { self.next() })
    }

    /// SplitMix64.
    private func next() -> UInt64 {
        state.withLock { state in
            state.seed &+= 0x9E37_79B9_7F4A_7C15
            var value = state.seed
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
