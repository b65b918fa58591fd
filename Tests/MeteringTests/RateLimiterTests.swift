import Domain
import Metering
import Testing

@Suite struct RateLimiterTests {
    private static let start: Int64 = 1_700_000_000_000_000

    private func moment(_ seconds: Double) -> Timestamp {
        Timestamp(microseconds: Self.start + Int64(seconds * 1_000_000))
    }

    private func admitted(_ limiter: RateLimiter, _ count: Int, at seconds: Double) -> Int {
        (0..<count).count { _ in limiter.admit(at: moment(seconds)) == .admitted }
    }

    @Test func `exactly the limit is admitted at once`() {
        let limiter = RateLimiter(limit: 600)
        #expect(admitted(limiter, 1000, at: 0) == 600)
    }

    @Test func `a denied request hears the limit, nothing left, and when to come back`() {
        let limiter = RateLimiter(limit: 2)
        #expect(admitted(limiter, 2, at: 10) == 2)
        #expect(
            limiter.admit(at: moment(30))
                == .denied(RateStanding(limit: 2, remaining: 0, resetSeconds: 41)))
    }

    @Test func `who comes back at the told time is admitted`() {
        let limiter = RateLimiter(limit: 2)
        #expect(admitted(limiter, 2, at: 10.3) == 2)
        guard case .denied(let standing) = limiter.admit(at: moment(30.7)) else {
            Issue.record("must be denied")
            return
        }
        #expect(limiter.admit(at: moment(30.7 + Double(standing.resetSeconds))) == .admitted)
    }

    @Test func `a burst at the end of one minute and the start of the next does not pass twice the limit`() {
        let limiter = RateLimiter(limit: 100)
        #expect(admitted(limiter, 100, at: 59) == 100)
        #expect(admitted(limiter, 100, at: 61) == 0)
    }

    @Test func `no window of sixty seconds sees more than the limit`() {
        var generator = SystemRandomNumberGenerator()
        let limiter = RateLimiter(limit: 50)
        var times: [Double] = []
        var now = 0.0
        for _ in 0..<5000 {
            now += Double.random(in: 0...0.3, using: &generator)
            if limiter.admit(at: moment(now)) == .admitted { times.append(now) }
        }
        for (index, first) in times.enumerated() {
            let inWindow = times[index...].prefix { $0 < first + 60 }.count
            #expect(inWindow <= 50)
        }
    }

    @Test func `a steady overload gets nearly the whole limit`() {
        let limiter = RateLimiter(limit: 600)
        let total = (0..<600).reduce(0) { $0 + admitted(limiter, 20, at: Double($1)) }
        #expect(total >= 600 * 10 * 99 / 100)
    }

    @Test func `an unlimited tenant is counted and never denied`() {
        let limiter = RateLimiter(limit: nil)
        #expect(admitted(limiter, 5000, at: 0) == 5000)
        #expect(limiter.used(at: moment(1)) == 5000)
        #expect(limiter.standing(at: moment(1)).remaining == nil)
    }

    @Test func `a new limit applies to the next request and remembers the last minute`() {
        let limiter = RateLimiter(limit: 5)
        #expect(admitted(limiter, 10, at: 0) == 5)
        limiter.setLimit(8)
        #expect(admitted(limiter, 10, at: 1) == 3)
        limiter.setLimit(2)
        #expect(admitted(limiter, 1, at: 2) == 0)
    }

    @Test func `a clock that goes back frees nothing`() {
        let limiter = RateLimiter(limit: 3)
        #expect(admitted(limiter, 3, at: 100) == 3)
        #expect(admitted(limiter, 1, at: 10) == 0)
    }

    @Test func `a long pause empties the window`() {
        let limiter = RateLimiter(limit: 3)
        #expect(admitted(limiter, 3, at: 0) == 3)
        #expect(limiter.standing(at: moment(5000)) == RateStanding(limit: 3, remaining: 3, resetSeconds: 0))
        #expect(admitted(limiter, 5, at: 5000) == 3)
    }

    @Test func `tasks that race are admitted exactly up to the limit`() async {
        let limiter = RateLimiter(limit: 1000)
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { self.admitted(limiter, 500, at: 1) } }
            return await group.reduce(0, +)
        }
        #expect(total == 1000)
    }

    @Test func `one tenant has one limiter`() throws {
        let limiters = RateLimiters()
        let tenant = try #require(TenantID("abcdefghij"))
        let first = limiters.limiter(for: tenant, limit: 1)
        #expect(limiters.limiter(for: tenant, limit: 2) === first)
        #expect(limiters.existing(tenant)?.standing(at: moment(0)).limit == 2)
        limiters.remove(tenant)
        #expect(limiters.existing(tenant) == nil)
    }
}
