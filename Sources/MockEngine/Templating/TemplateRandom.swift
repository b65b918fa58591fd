extension TemplateRandom {
    /// A number below `bound`, which is above 0. The multiplication is what makes it the same on every machine.
    mutating func next(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    mutating func next(in range: ClosedRange<Int>) -> Int {
        let (width, overflows) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
        guard !overflows, width < .max else { return Int(truncatingIfNeeded: next()) }
        return range.lowerBound + next(below: width + 1)
    }

    /// From 0 up to but not including 1.
    mutating func nextFraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func pick(_ words: [String]) -> String { words[next(below: words.count)] }

    /// A version 4 UUID (RFC 9562) in lower case.
    mutating func writeUUID(to bytes: inout [UInt8]) {
        let high = next() & ~0xF000 | 0x4000
        let low = next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
            var position = 0
            for index in 0..<36 {
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    text.initializeElement(at: index, to: UInt8(ascii: "-"))
                } else {
                    let half = position < 16 ? high : low
                    let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - position % 16 * 4)) & 15
                    text.initializeElement(
                        at: index, to: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                    position += 1
                }
            }
            bytes.append(contentsOf: UnsafeBufferPointer(text))
        }
    }
}

extension [UInt8] {
    /// Appends the lowest `digits` hexadecimal digits of `value` in lower case.
    mutating func append(hexadecimal value: UInt64, digits: Int) {
        for position in (0..<digits).reversed() {
            let digit = UInt8(value >> UInt64(position * 4) & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
