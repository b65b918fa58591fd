package import Domain
import Synchronization

/// Where a tenant stands in its rate window.
package struct RateStanding: Sendable, Hashable {
    /// Requests allowed in a window; nil when unlimited.
    package let limit: Int?
    /// Requests that would be admitted now; nil when unlimited.
    package let remaining: Int?
    /// Whole seconds, rounded up, until requests leave the window and give places free; 0 when it is empty.
    package let resetSeconds: Int

    package init(limit: Int?, remaining: Int?, resetSeconds: Int) {
        self.limit = limit
        self.remaining = remaining
        self.resetSeconds = resetSeconds
    }
}

/// Whether one request may be answered.
package enum RateVerdict: Sendable, Hashable {
    case admitted
    case denied(RateStanding)
    /// This node holds nothing of the tenant's quota: wait for `RateLimiters.lease`, then ask again.
    case undecided
}

/// Requests of one tenant in a sliding window of 60 seconds: no 60 seconds, wherever they begin, see more than the limit.
///
/// Time is cut into slots of half a second. A request is counted in the slot in which it was admitted and leaves the
/// count when its whole slot is older than 60 seconds, so that the count is never too low; under a steady overload that
/// costs 1 request of 121. A fixed window would be simpler but lets twice the limit pass around its edge.
///
/// The usual case is two relaxed atomics; once in half a second a lock is taken to let old slots go.
///
/// Where several nodes share the quota, the limiter admits from this node's lease instead.
package final class RateLimiter: Sendable {
    private static let window: Int64 = 60_000_000
    /// Slots that may touch one window: 120 whole ones and the one that is cut.
    private static let slotCount: Int64 = 121
    private static let unlimited = Int.max

    /// Set where several nodes share the quota.
    package let leased: LeasedRate?
    /// Half a second where the window is a minute.
    private let slotMicroseconds: Int64
    private let limit: Atomic<Int>
    /// The slot that `current` counts for.
    private let slot = Atomic<Int64>(0)
    /// Requests admitted in `slot`.
    private let current = Atomic<Int>(0)
    /// Requests in the window, those of `current` included.
    private let total = Atomic<Int>(0)
    /// Requests of past slots, at their number modulo the slot count. Allocated with the first request.
    private let past = Mutex<[UInt32]>([])

    /// - Parameter limit: requests in 60 seconds; nil for unlimited.
    package convenience init(limit: Int?) { self.init(limit: limit, parts: 1) }

    /// - Parameters:
    ///   - limit: requests in a window; nil for unlimited.
    ///   - parts: how many windows a minute has.
    init(limit: Int?, parts: Int) {
        slotMicroseconds = Self.window / Int64(parts) / (Self.slotCount - 1)
        self.limit = Atomic(limit ?? Self.unlimited)
        leased = nil
    }

    package init(_ leased: LeasedRate) {
        slotMicroseconds = Self.window / (Self.slotCount - 1)
        limit = Atomic(Self.unlimited)
        self.leased = leased
    }

    /// Takes effect with the next request; what was admitted so far still counts.
    package func setLimit(_ limit: Int?) {
        self.limit.store(limit ?? Self.unlimited, ordering: .relaxed)
        leased?.setLimit(limit)
    }

    /// Counts the request when it is admitted. A denied request costs nothing.
    package func admit(at now: Timestamp) -> RateVerdict {
        if let leased { return leased.admit(at: now) }
        advance(to: now)
        let limit = limit.load(ordering: .relaxed)
        var count = total.load(ordering: .relaxed)
        repeat {
            if count >= limit { return .denied(standing(at: now)) }
            let (exchanged, seen) = total.weakCompareExchange(
                expected: count, desired: count + 1, ordering: .relaxed)
            if exchanged { break }
            count = seen
        } while true
        // Between the two steps the slot may change: the request then stays in the window a little longer, never shorter.
        current.add(1, ordering: .relaxed)
        return .admitted
    }

    /// What a refusal would say, if the request is refused for certain. Counts nothing.
    package func refusal(at now: Timestamp) -> RateStanding? {
        if let leased { return leased.refusal(at: now) }
        advance(to: now)
        guard total.load(ordering: .relaxed) >= limit.load(ordering: .relaxed) else { return nil }
        return standing(at: now)
    }

    package func standing(at now: Timestamp) -> RateStanding {
        if let leased { return leased.standing(at: now) }
        advance(to: now)
        let limit = limit.load(ordering: .relaxed)
        let count = total.load(ordering: .relaxed)
        let isUnlimited = limit == Self.unlimited
        return RateStanding(
            limit: isUnlimited ? nil : limit, remaining: isUnlimited ? nil : max(0, limit - count),
            resetSeconds: resetSeconds(at: now))
    }

    /// Requests in the window that ends now; with leases, over all nodes as of the last answer.
    package func used(at now: Timestamp) -> Int {
        if let leased { return leased.used }
        advance(to: now)
        return total.load(ordering: .relaxed)
    }

    private func resetSeconds(at now: Timestamp) -> Int {
        let newest = slot.load(ordering: .relaxed)
        let oldest: Int64? = past.withLock { past in
            guard !past.isEmpty else { return nil }
            return (max(0, newest - Self.slotCount + 1)..<newest).first { past[Self.index($0)] > 0 }
        }
        guard let first = oldest ?? (current.load(ordering: .relaxed) > 0 ? newest : nil) else { return 0 }
        let free = (first + Self.slotCount) * slotMicroseconds
        return Int(max(1, (free - now.microseconds + 999_999) / 1_000_000))
    }

    private static func index(_ slot: Int64) -> Int { Int(slot % slotCount) }

    /// Lets slots go that are out of the window. A clock that goes back changes nothing.
    private func advance(to now: Timestamp) {
        let target = max(now.microseconds, 0) / slotMicroseconds
        if target <= slot.load(ordering: .acquiring) { return }
        past.withLock { past in
            let newest = slot.load(ordering: .relaxed)
            guard target > newest else { return }
            if past.isEmpty { past = Array(repeating: 0, count: Int(Self.slotCount)) }
            past[Self.index(newest)] += UInt32(clamping: current.exchange(0, ordering: .relaxed))
            var freed = 0
            for expired in newest - Self.slotCount + 1...min(newest, target - Self.slotCount) where expired >= 0 {
                freed += Int(past[Self.index(expired)])
                past[Self.index(expired)] = 0
            }
            total.subtract(freed, ordering: .relaxed)
            slot.store(target, ordering: .releasing)
        }
    }
}
