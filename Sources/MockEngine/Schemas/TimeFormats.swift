/// The formats of RFC 3339, by bytes.
enum TimeFormats {
    static func isDate(_ bytes: String.UTF8View) -> Bool {
        var scanner = Scanner(bytes)
        return scanner.date() && scanner.isAtEnd
    }

    static func isTime(_ bytes: String.UTF8View) -> Bool {
        var scanner = Scanner(bytes)
        return scanner.time() && scanner.isAtEnd
    }

    static func isDateTime(_ bytes: String.UTF8View) -> Bool {
        var scanner = Scanner(bytes)
        return scanner.date() && scanner.consume("T", "t") && scanner.time() && scanner.isAtEnd
    }

    /// ISO 8601 as RFC 3339's appendix A has it: `P1Y2M3DT4H5M6S`, `P2W`.
    static func isDuration(_ bytes: String.UTF8View) -> Bool {
        var scanner = Scanner(bytes)
        guard scanner.consume("P") else { return false }
        var mark = scanner
        if scanner.number(), scanner.consume("W") { return scanner.isAtEnd }
        scanner = mark
        var isEmpty = true
        // Units must follow one another without a gap: hours and seconds without minutes are refused.
        for units in [Array("YMD".unicodeScalars), Array("HMS".unicodeScalars)] {
            if units[0] == "H" {
                if scanner.isAtEnd { break }
                guard scanner.consume("T"), !scanner.isAtEnd else { return false }
            }
            var last: Int?
            for (index, unit) in units.enumerated() {
                mark = scanner
                if scanner.number(), scanner.consume(unit) {
                    if let last, index != last + 1 { return false }
                    last = index
                    isEmpty = false
                } else {
                    scanner = mark
                }
            }
        }
        return scanner.isAtEnd && !isEmpty
    }

    private struct Scanner {
        private var rest: Substring.UTF8View

        init(_ bytes: String.UTF8View) { rest = bytes[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func consume(_ letters: Unicode.Scalar...) -> Bool {
            guard let byte = rest.first, letters.contains(Unicode.Scalar(byte)) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number() -> Bool {
            let digits = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(digits.count)
            return !digits.isEmpty
        }

        private mutating func digits(_ count: Int) -> Int? {
            var value = 0
            for _ in 0..<count {
                guard let byte = rest.first, byte.isDigit else { return nil }
                value = value * 10 + Int(byte - 0x30)
                rest.removeFirst()
            }
            return value
        }

        mutating func date() -> Bool {
            guard let year = digits(4), consume("-"), let month = digits(2), consume("-"), let day = digits(2),
                (1...12).contains(month)
            else { return false }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return (1...lengths[month - 1]).contains(day)
        }

        mutating func time() -> Bool {
            guard let hour = digits(2), hour < 24, consume(":"), let minute = digits(2), minute < 60, consume(":"),
                let second = digits(2), second <= 60
            else { return false }
            if consume("."), !number() { return false }
            var offset = 0
            if !consume("Z", "z") {
                let isEast = consume("+")
                guard isEast || consume("-"), let hours = digits(2), hours < 24, consume(":"), let minutes = digits(2),
                    minutes < 60
                else { return false }
                offset = (hours * 60 + minutes) * (isEast ? 1 : -1)
            }
            // A leap second is the last of a day, seen from Greenwich.
            return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439
        }
    }
}
