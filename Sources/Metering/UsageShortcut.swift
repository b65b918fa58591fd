/// Where the last request of a route was counted, so that the next one need not look the place up. Kept beside the route
/// by whoever counts; only `TenantUsage.count` of the one tenant that has the route touches it, under its lock.
package struct UsageShortcut {
    private var slot: CounterSlot?
    private var statusClass: UInt8 = 0
    /// Since 1970; a slot is of one.
    private var minute: Int32 = 0
    /// Of counting: no two rounds of any tenants are the same.
    private var round: UInt64 = 0

    package init() {}

    /// Has the memory brought near that counting will need. Looks without the lock: at worst something else is brought.
    package func prefetch() { slot?.prefetch() }

    /// The slot, if it counts requests of this minute and status class in this round.
    func slot(minute: Int64, statusClass: Int, round: UInt64) -> CounterSlot? {
        guard self.round == round, Int64(self.minute) == minute, Int(self.statusClass) == statusClass else {
            return nil
        }
        return slot
    }

    mutating func lead(to slot: CounterSlot, minute: Int64, statusClass: Int, round: UInt64) {
        guard let minute = Int32(exactly: minute), let statusClass = UInt8(exactly: statusClass) else { return }
        self.slot = slot
        self.minute = minute
        self.statusClass = statusClass
        self.round = round
    }
}
