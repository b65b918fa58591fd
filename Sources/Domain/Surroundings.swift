/// What the code takes from the world apart from its ports: the time and randomness. Tests pass their own.
package struct Surroundings: Sendable {
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    /// 64 random bits, fit for secrets in production.
    package var random: @Sendable () -> UInt64

    package init(now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64) {
        self.now = now
        self.random = random
    }

    /// The system's clock and its cryptographic generator.
    package static let system = Surroundings(
        now: { Timestamp.systemNow() },
        random: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        })

    /// The random source as Swift's protocol.
    package var generator: Generator { Generator(random: random) }

    package struct Generator: RandomNumberGenerator {
        let random: @Sendable () -> UInt64
        package mutating func next() -> UInt64 { random() }
    }
}
