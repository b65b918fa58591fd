/// A moment in UTC with microsecond resolution: what SQL stores as BIGINT and the API shows as RFC 3339.
package struct Timestamp: BitwiseCopyable, Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { Self.floorDivide(microseconds, 1_000_000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: moment.microseconds &+ duration.microseconds)
    }

    package static func - (moment: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: moment.microseconds &- duration.microseconds)
    }

    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .microseconds(later.microseconds &- earlier.microseconds)
    }
}

extension Duration {
    /// Whole microseconds, cut off.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

/// The parts of a moment on the Gregorian calendar, in UTC.
package struct CalendarTime: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var microsecond: Int
}

extension Timestamp {
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    /// Source of the day arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms".
    package var calendarTime: CalendarTime {
        let total = seconds
        let days = Self.floorDivide(total, 86_400)
        let secondOfDay = Int(total - days * 86_400)
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return CalendarTime(
            year: Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), month: Int(month), day: Int(day),
            hour: secondOfDay / 3600, minute: secondOfDay / 60 % 60, second: secondOfDay % 60,
            microsecond: Int(microseconds - total * 1_000_000))
    }

    package init(_ time: CalendarTime) {
        let year = Int64(time.month <= 2 ? time.year - 1 : time.year)
        let era = Self.floorDivide(year, 400)
        let yearOfEra = year - era * 400
        let shiftedMonth = Int64(time.month > 2 ? time.month - 3 : time.month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(time.day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + Int64(time.hour * 3600 + time.minute * 60 + time.second)
        self.init(microseconds: seconds * 1_000_000 + Int64(time.microsecond))
    }

    /// `2026-01-31T09:05:00Z`, with as many fractional digits (0, 3 or 6) as are not zero.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same, appended to bytes.
    package func appendRFC3339(to bytes: inout [UInt8]) {
        let time = calendarTime
        // The longest year of 64 bits of microseconds has six digits and a sign.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { text in
            var length = 0
            func append(_ byte: UInt8) {
                text.initializeElement(at: length, to: byte)
                length += 1
            }
            func append(_ value: Int, width: Int) {
                var divisor = 1
                for _ in 1..<width { divisor *= 10 }
                while value / divisor >= 10 { divisor *= 10 }
                while divisor > 0 {
                    append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                    divisor /= 10
                }
            }
            func append(twoDigits value: Int) {
                append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
                append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
            }
            if (0...9999).contains(time.year) {
                append(twoDigits: time.year / 100)
                append(twoDigits: time.year % 100)
            } else {
                if time.year < 0 { append(UInt8(ascii: "-")) }
                append(abs(time.year), width: time.year < 0 ? 3 : 4)
            }
            append(UInt8(ascii: "-"))
            append(twoDigits: time.month)
            append(UInt8(ascii: "-"))
            append(twoDigits: time.day)
            append(UInt8(ascii: "T"))
            append(twoDigits: time.hour)
            append(UInt8(ascii: ":"))
            append(twoDigits: time.minute)
            append(UInt8(ascii: ":"))
            append(twoDigits: time.second)
            if time.microsecond % 1000 != 0 {
                append(UInt8(ascii: "."))
                append(time.microsecond, width: 6)
            } else if time.microsecond != 0 {
                append(UInt8(ascii: "."))
                append(time.microsecond / 1000, width: 3)
            }
            append(UInt8(ascii: "Z"))
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[..<length]))
        }
    }

    /// Reads RFC 3339 with any offset; digits beyond microseconds are cut off. Nil for a date that does not exist.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        guard bytes.count >= 20, let year = number(0..<4), bytes[4] == UInt8(ascii: "-"), let month = number(5..<7),
            bytes[7] == UInt8(ascii: "-"), let day = number(8..<10), bytes[10] | 0x20 == UInt8(ascii: "t"),
            let hour = number(11..<13), bytes[13] == UInt8(ascii: ":"), let minute = number(14..<16),
            bytes[16] == UInt8(ascii: ":"), let second = number(17..<19),
            (1...12).contains(month), day >= 1, day <= Self.daysIn(month: month, year: year),
            hour < 24, minute < 60, second < 61
        else { return nil }
        var position = 19
        var microsecond = 0
        if bytes[position] == UInt8(ascii: ".") {
            position += 1
            var scale = 100_000
            let start = position
            while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 {
                microsecond += Int(bytes[position] - 48) * scale
                scale /= 10
                position += 1
            }
            if position == start { return nil }
        }
        guard position < bytes.count else { return nil }
        var offset: Int64 = 0
        if bytes[position] | 0x20 == UInt8(ascii: "z") {
            guard position + 1 == bytes.count else { return nil }
        } else {
            guard position + 6 == bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-"),
                let hours = number(position + 1..<position + 3), bytes[position + 3] == UInt8(ascii: ":"),
                let minutes = number(position + 4..<position + 6), hours < 24, minutes < 60
            else { return nil }
            offset = Int64(hours * 3600 + minutes * 60) * (bytes[position] == UInt8(ascii: "-") ? -1 : 1)
        }
        let local = Timestamp(
            CalendarTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second,
                microsecond: microsecond))
        self.init(microseconds: local.microseconds - offset * 1_000_000)
    }

    /// Days in a month of the Gregorian calendar; `month` is 1 to 12.
    package static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
