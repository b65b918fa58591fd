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
}

/// Requests of one tenant in a sliding window of 60 seconds: no 60 seconds, wherever they begin, see more than the limit.
///
/// Time is cut into slots of half a second. A request is counted in the slot in which it was admitted and leaves the
/// count when its whole slot is older than 60 seconds, so that the count is never too low; under a steady overload that
/// costs 1 request of 121. A fixed window would be simpler but lets twice the limit pass around its edge.
///
/// The usual case is two relaxed atomics; once in half a second a lock is taken to let old slots go.
package final class RateLimiter: Sendable {
    private static let slotMicroseconds: Int64 = 500_000
    /// Slots that may touch one window: 120 whole ones and the one that is cut.
    private static let slotCount: Int64 = 121
    private static let unlimited = Int.max

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
    package init(limit: Int?) { self.limit = Atomic(limit ?? Self.unlimited) }

    /// Takes effect with the next request; what was admitted so far still counts.
    package func setLimit(_ limit: Int?) { self.limit.store(limit ?? Self.unlimited, ordering: .relaxed) }

    /// Counts the request when it is admitted. A denied request costs nothing.
    package func admit(at now: Timestamp) -> RateVerdict {
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

    package func standing(at now: Timestamp) -> RateStanding {
        advance(to: now)
        let limit = limit.load(ordering: .relaxed)
        let count = total.load(ordering: .relaxed)
        let isUnlimited = limit == Self.unlimited
        return RateStanding(
            limit: isUnlimited ? nil : limit, remaining: isUnlimited ? nil : max(0, limit - count),
            resetSeconds: resetSeconds(at: now))
    }

    /// Requests in the window that ends now.
    package func used(at now: Timestamp) -> Int {
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
        let free = (first + Self.slotCount) * Self.slotMicroseconds
        return Int(max(1, (free - now.microseconds + 999_999) / 1_000_000))
    }

    private static func index(_ slot: Int64) -> Int { Int(slot % slotCount) }

    /// Lets slots go that are out of the window. A clock that goes back changes nothing.
    private func advance(to now: Timestamp) {
        let target = max(now.microseconds, 0) / Self.slotMicroseconds
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
