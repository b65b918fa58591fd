package import Domain

/// Bounds on what one tenant's template may cost.
package struct TemplateLimits: Sendable, Hashable {
    /// Bytes that one rendering, or one string made on the way, may have.
    package var outputBytes: Int
    /// Steps for all renderings with one environment: one for each operation, value and 16 bytes of text handled.
    package var steps: Int
    /// Iterations of one run of a loop.
    package var iterations: Int

    package init(outputBytes: Int = 8 << 20, steps: Int = 1_000_000, iterations: Int = 10_000) {
        self.outputBytes = outputBytes
        self.steps = steps
        self.iterations = iterations
    }

    /// Deepest nesting of blocks, and of sub-expressions, that compiles.
    static let nesting = 32
    /// Bytes of template text that compile.
    static let templateBytes = 4 << 20
    /// Operations that one template may compile to.
    static let operations = 100_000
}

/// What a rendering takes from outside the request: the time, randomness and the limits. Make one for each reply; its
/// body and its headers share the steps.
package struct TemplateEnvironment: Sendable {
    package var now: Timestamp
    package var random: TemplateRandom
    package let limits: TemplateLimits
    /// Counts down to the limit.
    var stepsLeft: Int

    package init(now: Timestamp, random: Surroundings.Generator, limits: TemplateLimits = TemplateLimits()) {
        self.init(now: now, random: .surroundings(random), limits: limits)
    }

    /// Every rendering with the same seed, time and request gives the same bytes.
    package init(now: Timestamp, seed: UInt64, limits: TemplateLimits = TemplateLimits()) {
        self.init(now: now, random: .seeded(SeededGenerator(seed: seed)), limits: limits)
    }

    private init(now: Timestamp, random: TemplateRandom, limits: TemplateLimits) {
        self.now = now
        self.random = random
        self.limits = limits
        stepsLeft = limits.steps
    }
}

/// The random source of a rendering.
package enum TemplateRandom: RandomNumberGenerator, Sendable {
    case surroundings(Surroundings.Generator)
    case seeded(SeededGenerator)

    package mutating func next() -> UInt64 {
        switch self {
        case .surroundings(var generator):
            return generator.next()
        case .seeded(var generator):
            let value = generator.next()
            self = .seeded(generator)
            return value
        }
    }
}
