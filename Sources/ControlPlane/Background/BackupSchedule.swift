package import Domain

/// When the next backup is due.
package enum BackupSchedule: Sendable, Hashable {
    /// So long after the one before.
    case every(Duration)
    /// Once a day, at this many minutes past midnight UTC.
    case daily(minute: Int)

    /// - Parameter text: `6h`, `30m`, `2d` or a time of day such as `03:30` (UTC). Nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
                (0..<24).contains(hour), (0..<60).contains(minute)
            else { return nil }
            self = .daily(minute: hour * 60 + minute)
            return
        }
        guard let unit = text.last, let seconds = ["m": 60, "h": 3600, "d": 86_400][unit],
            let count = Int(text.dropLast()), (1...1000).contains(count)
        else { return nil }
        self = .every(.seconds(count * seconds))
    }

    /// Whether a backup should be made now.
    ///
    /// - Parameter last: when the last one was begun; nil when there is none.
    package func isDue(at now: Timestamp, last: Timestamp?) -> Bool {
        guard let last else { return true }
        switch self {
        case .every(let interval): return now - last >= interval
        case .daily(let minute):
            let day: Int64 = 86_400
            let midnight = Timestamp(seconds: now.seconds - ((now.seconds % day) + day) % day)
            let today = midnight + .seconds(minute * 60)
            return last < (today <= now ? today : today - .seconds(day))
        }
    }
}
