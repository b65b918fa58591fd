import Domain

/// Why a format or an offset of `now` is refused.
struct TimeOptionError: Error {
    let message: String
}

/// How `now` prints a moment, always in UTC.
enum TimeFormat: Sendable {
    /// `2026-01-31T09:05:00.123Z`
    case rfc3339
    /// Seconds and milliseconds since 1970; numbers when typed.
    case unix, unixMilliseconds
    case pattern([Part])

    enum Part: Sendable {
        case literal(String)
        case year, shortYear, monthName, shortMonthName, weekday, shortWeekday, milliseconds, microseconds, halfDay
        case number(Field, width: Int)
    }

    enum Field: Sendable { case month, day, hour, hourOfHalfDay, minute, second }

    init(_ text: String) throws(TimeOptionError) {
        switch text {
        case "rfc3339", "iso8601": self = .rfc3339
        case "unix": self = .unix
        case "unix_ms": self = .unixMilliseconds
        case "date": self = .pattern(try Self.parts("yyyy-MM-dd"))
        case "time": self = .pattern(try Self.parts("HH:mm:ss"))
        case "http": self = .pattern(try Self.parts("EEE, dd MMM yyyy HH:mm:ss 'GMT'"))
        default: self = .pattern(try Self.parts(text))
        }
    }

    private static func parts(_ text: String) throws(TimeOptionError) -> [Part] {
        guard text.utf8.count <= 200 else { throw TimeOptionError(message: "the format is longer than 200 bytes") }
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(text)
        while let character = rest.first {
            if character == "'" {
                rest.removeFirst()
                if rest.first == "'" {
                    literal.append("'")
                    rest.removeFirst()
                    continue
                }
                guard let close = rest.firstIndex(of: "'") else {
                    throw TimeOptionError(message: "a quote in the format '\(text)' is not closed")
                }
                literal += rest[..<close]
                rest = rest[rest.index(after: close)...]
            } else if character.isASCII, character.isLetter {
                let token = rest.prefix { $0 == character }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(try part(String(token)))
                rest = rest.dropFirst(token.count)
            } else {
                literal.append(character)
                rest.removeFirst()
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return parts
    }

    private static func part(_ token: String) throws(TimeOptionError) -> Part {
        switch token {
        case "yyyy": return .year
        case "yy": return .shortYear
        case "MMMM": return .monthName
        case "MMM": return .shortMonthName
        case "MM", "M": return .number(.month, width: token.count)
        case "dd", "d": return .number(.day, width: token.count)
        case "HH", "H": return .number(.hour, width: token.count)
        case "hh", "h": return .number(.hourOfHalfDay, width: token.count)
        case "mm", "m": return .number(.minute, width: token.count)
        case "ss", "s": return .number(.second, width: token.count)
        case "SSS": return .milliseconds
        case "SSSSSS": return .microseconds
        case "a": return .halfDay
        case "EEEE": return .weekday
        case "EEE": return .shortWeekday
        case "X", "XX", "XXX": return .literal("Z")
        case "xxx": return .literal("+00:00")
        case "Z": return .literal("+0000")
        default:
            throw TimeOptionError(
                message:
                    "the format has no token '\(token)'; there are yyyy yy MMMM MMM MM M dd d EEEE EEE HH H hh h a "
                    + "mm m ss s SSS SSSSSS X xxx Z, and text in single quotes")
        }
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    var isNumber: Bool {
        switch self {
        case .unix, .unixMilliseconds: true
        case .rfc3339, .pattern: false
        }
    }

    func write(_ moment: Timestamp, to bytes: inout [UInt8]) {
        switch self {
        case .unix: bytes.append(contentsOf: String(moment.seconds).utf8)
        case .unixMilliseconds: bytes.append(contentsOf: String(moment.milliseconds).utf8)
        case .rfc3339:
            let time = moment.calendarTime
            bytes.append(number: time.year, width: 4)
            bytes.append(UInt8(ascii: "-"))
            bytes.append(number: time.month, width: 2)
            bytes.append(UInt8(ascii: "-"))
            bytes.append(number: time.day, width: 2)
            bytes.append(UInt8(ascii: "T"))
            bytes.append(number: time.hour, width: 2)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(number: time.minute, width: 2)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(number: time.second, width: 2)
            bytes.append(UInt8(ascii: "."))
            bytes.append(number: time.microsecond / 1000, width: 3)
            bytes.append(UInt8(ascii: "Z"))
        case .pattern(let parts):
            let time = moment.calendarTime
            for part in parts { Self.write(part, time, moment, to: &bytes) }
        }
    }

    private static func write(_ part: Part, _ time: CalendarTime, _ moment: Timestamp, to bytes: inout [UInt8]) {
        switch part {
        case .literal(let text): bytes.append(contentsOf: text.utf8)
        case .year: bytes.append(number: time.year, width: 4)
        case .shortYear: bytes.append(number: time.year % 100, width: 2)
        case .monthName: bytes.append(contentsOf: months[time.month - 1].utf8)
        case .shortMonthName: bytes.append(contentsOf: months[time.month - 1].utf8.prefix(3))
        case .weekday: bytes.append(contentsOf: weekdays[moment.weekday].utf8)
        case .shortWeekday: bytes.append(contentsOf: weekdays[moment.weekday].utf8.prefix(3))
        case .milliseconds: bytes.append(number: time.microsecond / 1000, width: 3)
        case .microseconds: bytes.append(number: time.microsecond, width: 6)
        case .halfDay: bytes.append(contentsOf: (time.hour < 12 ? "AM" : "PM").utf8)
        case .number(let field, let width):
            let value =
                switch field {
                case .month: time.month
                case .day: time.day
                case .hour: time.hour
                case .hourOfHalfDay: (time.hour + 11) % 12 + 1
                case .minute: time.minute
                case .second: time.second
                }
            bytes.append(number: value, width: width)
        }
    }
}

extension Timestamp {
    /// Whole milliseconds since 1970, rounded down.
    var milliseconds: Int64 { (microseconds - (microseconds % 1000 + 1000) % 1000) / 1000 }

    /// 0 for Monday to 6 for Sunday. The first of January 1970 was a Thursday.
    var weekday: Int {
        let day = (seconds - (seconds % 86_400 + 86_400) % 86_400) / 86_400
        return Int(((day + 3) % 7 + 7) % 7)
    }
}

extension [UInt8] {
    /// Appends a number that is not negative, with zeros in front up to `width` digits.
    mutating func append(number: Int, width: Int) {
        var divisor = 1
        var digits = 1
        while digits < width || number / divisor >= 10 {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

/// A distance from now on the calendar: `-3 days`, `1 month 2 hours`.
struct TimeOffset: Sendable {
    private(set) var months = 0
    private(set) var microseconds: Int64 = 0

    init() {}

    init(_ text: String) throws(TimeOptionError) {
        let refusal = TimeOptionError(
            message:
                "'\(text)' is not an offset such as \"-3 days\" or \"1 month 2 hours\"; the units are milliseconds, "
                + "seconds, minutes, hours, days, weeks, months and years, a thousand years at most")
        let words = text.split(separator: " ")
        guard !words.isEmpty, words.count % 2 == 0, words.count <= 16 else { throw refusal }
        for position in stride(from: 0, to: words.count, by: 2) {
            guard let count = Int64(words[position]), count.magnitude <= 1_000_000_000_000 else { throw refusal }
            let unit = words[position + 1]
            switch unit.last == "s" ? unit.dropLast() : unit {
            case "year": months += Int(count) * 12
            case "month": months += Int(count)
            case "week": microseconds += try Self.scaled(count, 604_800_000_000, refusal)
            case "day": microseconds += try Self.scaled(count, 86_400_000_000, refusal)
            case "hour": microseconds += try Self.scaled(count, 3_600_000_000, refusal)
            case "minute": microseconds += try Self.scaled(count, 60_000_000, refusal)
            case "second": microseconds += try Self.scaled(count, 1_000_000, refusal)
            case "millisecond": microseconds += try Self.scaled(count, 1000, refusal)
            default: throw refusal
            }
            guard months.magnitude <= 12_000 else { throw refusal }
        }
    }

    private static func scaled(
        _ count: Int64, _ unit: Int64, _ refusal: TimeOptionError
    ) throws(TimeOptionError) -> Int64 {
        let (product, overflows) = count.multipliedReportingOverflow(by: unit)
        guard !overflows, product.magnitude <= 1000 * 366 * 86_400_000_000 else { throw refusal }
        return product
    }

    /// The 31st becomes the last day of a shorter month.
    func applied(to moment: Timestamp) -> Timestamp {
        var result = moment
        if months != 0 {
            var time = moment.calendarTime
            let total = max(0, time.year * 12 + time.month - 1 + months)
            time.year = total / 12
            time.month = total % 12 + 1
            time.day = min(time.day, Timestamp.daysIn(month: time.month, year: time.year))
            result = Timestamp(time)
        }
        return Timestamp(microseconds: result.microseconds + microseconds)
    }
}
