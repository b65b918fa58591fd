import Domain
import Synchronization

/// Ids of requests: unique, cheap, and no secret. Seeded once from the surroundings, then a counter put through a mixer.
final class RequestIDs: Sendable {
    private let surroundings: Surroundings

    init(_ surroundings: Surroundings) {
        let state = SharedState(seed: surroundings.random())
        self.surroundings = Surroundings(now: surroundings.now, random: { state.next() })
    }

    func next() -> JournalID { JournalID(from: surroundings) }

    /// SplitMix64 over an atomic counter.
    private final class SharedState: Sendable {
        private let counter: Atomic<UInt64>

        init(seed: UInt64) { counter = Atomic(seed) }

        func next() -> UInt64 {
            var value = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}
