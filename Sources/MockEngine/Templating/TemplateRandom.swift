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
        withUnsafeTemporaryAllocation(byteCount: 36, alignment: 8) { text in
            func put(_ digits: UInt64, at offset: Int) {
                text.storeBytes(of: digits.bigEndian, toByteOffset: offset, as: UInt64.self)
            }
            // Eight digits at a time. Where a dash parts them, the second half is written again behind it.
            put(Self.hexadecimal(high >> 32), at: 0)
            let middle = Self.hexadecimal(high & 0xFFFF_FFFF)
            put(middle, at: 9)
            put(middle << 32, at: 14)
            let next = Self.hexadecimal(low >> 32)
            put(next, at: 19)
            put(next << 32, at: 24)
            put(Self.hexadecimal(low & 0xFFFF_FFFF), at: 28)
            for dash in [8, 13, 18, 23] { text[dash] = UInt8(ascii: "-") }
            bytes.append(contentsOf: text)
        }
    }

    /// The eight hexadecimal digits of 32 bits, the first in the highest byte: each half of a byte is spread to a byte, and
    /// those above nine are moved on to the letters, all eight in the same few steps.
    private static func hexadecimal(_ number: UInt64) -> UInt64 {
        var digits = number << 16 & 0x0000_FFFF_0000_0000 | number & 0x0000_0000_0000_FFFF
        digits = digits << 8 & 0x00FF_0000_00FF_0000 | digits & 0x0000_00FF_0000_00FF
        digits = digits << 4 & 0x0F00_0F00_0F00_0F00 | digits & 0x000F_000F_000F_000F
        let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return digits + 0x3030_3030_3030_3030 + letters * 0x27
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
