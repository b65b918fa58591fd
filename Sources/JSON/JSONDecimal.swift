/// The exact value of a JSON number: ±0.d₁d₂…dₙ × 10^exponent, without leading or trailing zeros among the digits.
/// Doubles would call 9007199254740993 and 9007199254740992.0 equal, and 0.3 no multiple of 0.1.
package struct JSONDecimal: Sendable, Hashable {
    package let isNegative: Bool
    /// Values 0-9, the most significant first; empty for zero.
    package let digits: [UInt8]
    /// The power of ten that the fraction is scaled by; 0 for zero.
    package let exponent: Int

    /// Reads text that follows the JSON grammar. An exponent too large for an `Int` is cut off at a bound far outside of
    /// what any other number in the text can reach.
    package init(validLiteral text: String) {
        var digits: [UInt8] = []
        var exponent = 0
        var isFraction = false
        var isNegative = false
        var bytes = text.utf8.makeIterator()
        scan: while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                var isDown = false
                var power = 0
                while let byte = bytes.next() {
                    switch byte {
                    case UInt8(ascii: "-"): isDown = true
                    case UInt8(ascii: "+"): break
                    default: power = min(power * 10 + Int(byte - 48), 1 << 40)
                    }
                }
                exponent += isDown ? -power : power
                break scan
            default:
                if byte == 48, digits.isEmpty {
                    if isFraction { exponent -= 1 }
                } else {
                    digits.append(byte - 48)
                    if !isFraction { exponent += 1 }
                }
            }
        }
        while digits.last == 0 { digits.removeLast() }
        self.digits = digits
        self.exponent = digits.isEmpty ? 0 : exponent
        self.isNegative = isNegative && !digits.isEmpty
    }

    package var isIntegral: Bool { exponent >= digits.count }

    package var integer: Int? {
        guard isIntegral, exponent <= 19 else { return nil }
        var value = 0
        for position in 0..<exponent {
            let digit = position < digits.count ? Int(digits[position]) : 0
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(digit)
            if overflow || underflow { return nil }
            value = difference
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// Whether the value is `divisor` times an integer. Nil when `divisor` is zero or has more digits than we calculate with.
    package func isMultiple(of divisor: JSONDecimal) -> Bool? {
        guard !divisor.digits.isEmpty else { return nil }
        if digits.isEmpty { return true }
        // Both as integers at the scale of the finer of the two.
        let scale = min(exponent - digits.count, divisor.exponent - divisor.digits.count)
        let divisorZeros = divisor.exponent - divisor.digits.count - scale
        guard divisor.digits.count + divisorZeros <= 36 else {
            // A divisor so much coarser than the value's last digit divides it only if it is itself huge: not so here.
            return divisor.digits.count <= 36 && exponent - digits.count < divisor.exponent - divisor.digits.count
                ? false : nil
        }
        var modulus: UInt128 = 0
        for digit in divisor.digits { modulus = modulus * 10 + UInt128(digit) }
        for _ in 0..<divisorZeros { modulus *= 10 }
        var remainder: UInt128 = 0
        for digit in digits { remainder = (remainder * 10 + UInt128(digit)) % modulus }
        let zeros = exponent - digits.count - scale
        guard zeros <= 100_000 else { return nil }
        for _ in 0..<zeros where remainder != 0 { remainder = remainder * 10 % modulus }
        return remainder == 0
    }
}

extension JSONDecimal: Comparable {
    package static func < (left: JSONDecimal, right: JSONDecimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Compares magnitudes.
    private func isSmaller(than other: JSONDecimal) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        if exponent != other.exponent { return exponent < other.exponent }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}
