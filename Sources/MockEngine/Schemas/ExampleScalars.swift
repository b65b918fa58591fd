import Domain
import JSON

/// Numbers and strings.
extension ExampleBuilder {
    // MARK: Numbers

    mutating func number(_ demand: ExampleDemand, isInteger: Bool, _ name: String?) -> JSON {
        let minimum = demand.numbers.compactMap(\.minimum).max { $0.value < $1.value }
        let maximum = demand.numbers.compactMap(\.maximum).min { $0.value < $1.value }
        let factors = demand.numbers.compactMap(\.multipleOf)
        if minimum == nil, maximum == nil, factors.isEmpty, let name,
            let number = PropertyMeaning(name)?.number(isInteger: isInteger, &random)
        {
            return .number(number)
        }
        if let factor = factors.max() { return .number(multiple(of: factor, factors, minimum, maximum, isInteger)) }
        var lower = minimum?.value.double ?? min(1, maximum?.value.double ?? 1)
        var upper = maximum?.value.double ?? max(1000, lower + 1000)
        if minimum == nil, maximum != nil, upper <= lower { lower = upper - 1000 }
        if isInteger || attempt % 2 == 1 {
            if let integer = integer(minimum, maximum, &lower, &upper) { return .number(JSONNumber(integer)) }
        }
        return .number(fraction(lower, upper, minimum, maximum))
    }

    private mutating func integer(
        _ minimum: NumberRules.Bound?, _ maximum: NumberRules.Bound?, _ lower: inout Double, _ upper: inout Double
    ) -> Int? {
        // Exact where the bounds are integers, which doubles are not beyond 2^53.
        let bound = 0x1p62
        var low = minimum?.value.integer ?? Int(max(-bound, min(bound, lower)).rounded(.up))
        var high = maximum?.value.integer ?? Int(max(-bound, min(bound, upper)).rounded(.down))
        if let minimum, minimum.isExclusive, minimum.value.integer != nil, low < .max { low += 1 }
        if let maximum, maximum.isExclusive, maximum.value.integer != nil, high > .min { high -= 1 }
        guard low <= high else { return nil }
        // Small numbers read better than those from all over the range.
        if high.subtractingReportingOverflow(low).partialValue > 1000 || high.subtractingReportingOverflow(low).overflow
        {
            high = low.addingReportingOverflow(1000).overflow ? .max : low + 1000
            if low < 0, maximum.map({ $0.value.double >= 1000 }) ?? true { (low, high) = (1, 1000) }
        }
        return random.next(in: low...high)
    }

    private mutating func fraction(
        _ lower: Double, _ upper: Double, _ minimum: NumberRules.Bound?, _ maximum: NumberRules.Bound?
    ) -> JSONNumber {
        let value = lower + (upper - lower) * (0.05 + 0.9 * random.nextFraction())
        var rounded = (value * 100).rounded() / 100
        if !rounded.isFinite { rounded = value }
        let number = Self.plain(JSONNumber(rounded))
        let fits =
            minimum.map { $0.isExclusive ? number > $0.value : number >= $0.value } ?? true
            && maximum.map { $0.isExclusive ? number < $0.value : number <= $0.value } ?? true
        if fits { return number }
        if let minimum, !minimum.isExclusive, lower == upper { return minimum.value }
        return JSONNumber(value.isFinite ? value : lower)
    }

    /// Without a fraction where there is none to write.
    private static func plain(_ number: JSONNumber) -> JSONNumber {
        number.integer.map(JSONNumber.init) ?? number
    }

    /// An exact multiple, calculated on the digits of `factor`.
    private mutating func multiple(
        of factor: JSONNumber, _ factors: [JSONNumber], _ minimum: NumberRules.Bound?, _ maximum: NumberRules.Bound?,
        _ isInteger: Bool
    ) -> JSONNumber {
        let decimal = factor.decimal
        let mantissa = decimal.digits.prefix(18).reduce(0) { $0 * 10 + Int($1) }
        let exponent = decimal.exponent - decimal.digits.count
        let step = factor.double
        var lower = ((minimum?.value.double ?? min(0, maximum?.value.double ?? 0)) / step).rounded(.up)
        var upper = ((maximum?.value.double ?? .greatestFiniteMagnitude) / step).rounded(.down)
        lower = max(-1e15, min(1e15, lower))
        upper = max(lower, min(1e15, upper, lower + 100))
        for round in 0..<60 {
            let span = Int(lower)...Int(upper)
            // At first any, then one after the other.
            let times =
                round < 20 ? random.next(in: span) : min(span.upperBound, span.lowerBound + round - 20)
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: times)
            if overflow { continue }
            let number = Self.plain(JSONNumber(validLiteral: Self.literal(product, exponent)))
            let fits =
                factors.allSatisfy { number.isMultiple(of: $0) } && (!isInteger || number.isIntegral)
                && minimum.map { $0.isExclusive ? number > $0.value : number >= $0.value } ?? true
                && maximum.map { $0.isExclusive ? number < $0.value : number <= $0.value } ?? true
            if fits { return number }
        }
        // Different factors: their product is a multiple of each.
        let integers = factors.compactMap(\.integer)
        let product = integers.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        return integers.count == factors.count && product > 0 ? JSONNumber(product) : JSONNumber(0)
    }

    /// `value` × 10^`exponent` without an exponent where it is short.
    private static func literal(_ value: Int, _ exponent: Int) -> String {
        if value == 0 { return "0" }
        if exponent >= 0 {
            return exponent <= 18 ? "\(value)" + String(repeating: "0", count: exponent) : "\(value)e\(exponent)"
        }
        guard exponent >= -20 else { return "\(value)e\(exponent)" }
        var digits = String(value.magnitude)
        if digits.count <= -exponent { digits = String(repeating: "0", count: 1 - exponent - digits.count) + digits }
        var text = digits.dropLast(-exponent) + "." + digits.suffix(-exponent)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return (value < 0 ? "-" : "") + text
    }

    // MARK: Strings

    /// Longest text that is made, in scalars.
    private static let lengthLimit = 10_000

    mutating func string(_ demand: ExampleDemand, _ name: String?) -> JSON {
        let minimum = demand.strings.map(\.minimumLength).max() ?? 0
        let maximum = max(minimum, demand.strings.compactMap(\.maximumLength).min() ?? 10_000)
        // What could not be satisfied in reasonable space is not tried.
        let lengths = minimum > Self.lengthLimit ? 0...Self.lengthLimit : minimum...min(maximum, Self.lengthLimit)
        let patterns = demand.strings.flatMap(\.patterns)
        let format = demand.strings.compactMap(\.format).first
        var texts: [String] = []
        if let format { texts.append(PropertyMeaning.text(of: format, &random)) }
        for pattern in patterns {
            if let text = PatternSampler.text(matching: pattern, lengths: lengths, random: &random) {
                texts.append(text)
            }
        }
        if format == nil {
            if let name, let text = PropertyMeaning(name)?.text(&random) { texts.insert(text, at: 0) }
            texts.append(PropertyMeaning.word(&random))
        }
        let fits = { (text: String) in
            lengths.contains(text.unicodeScalars.count) && patterns.allSatisfy { $0.found(in: text) }
        }
        if let text = texts.first(where: fits) { return .string(text) }
        for text in texts {
            let adjusted = Self.fitted(text, to: lengths, &random)
            if fits(adjusted), format?.accepts(adjusted) ?? true { return .string(adjusted) }
        }
        return .string(Self.fitted(texts.first ?? "", to: lengths, &random))
    }

    /// Fills a text up with words, or cuts it off.
    static func fitted(_ text: String, to lengths: ClosedRange<Int>, _ random: inout TemplateRandom) -> String {
        var scalars = Array(text.unicodeScalars)
        while scalars.count < lengths.lowerBound {
            if !scalars.isEmpty { scalars.append(" ") }
            scalars.append(contentsOf: PropertyMeaning.word(&random).unicodeScalars)
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars.prefix(lengths.upperBound))
        var text = String(view)
        if text.hasSuffix(" ") {
            text.removeLast()
            text += "s"
        }
        return text
    }
}
