import Domain
import Synchronization

/// The `Date` header's value (RFC 9110 section 5.6.7), formatted once a second.
final class DateLine: Sendable {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private let current = Mutex<(second: Int64, text: String)>((.min, ""))

    func text(at moment: Timestamp) -> String {
        let second = moment.seconds
        return current.withLock { current in
            if current.second != second { current = (second, Self.format(moment)) }
            return current.text
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func format(_ moment: Timestamp) -> String {
        let time = moment.calendarTime
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = (moment.seconds / 86_400) % 7
        return "\(weekdays[Int(day < 0 ? day + 7 : day)]), \(two(time.day)) \(months[time.month - 1]) \(time.year) "
            + "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) GMT"
    }
}
