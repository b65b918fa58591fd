import JSON

/// Writes examples by a plan, straight into bytes.
struct ExampleWriter {
    private let set: SchemaSet
    private let direction: MessageDirection
    private var random: TemplateRandom
    private var bytes: [UInt8] = []

    /// The example as JSON text; nil where a part that had to be tried came to nothing.
    static func example(
        _ plan: ExamplePlan, of schema: CompiledSchema, direction: MessageDirection, seed: UInt64
    ) -> [UInt8]? {
        var writer = ExampleWriter(
            set: schema.set, direction: direction, random: .seeded(SeededGenerator(seed: seed)))
        writer.bytes.reserveCapacity(512)
        return writer.write(plan) ? writer.bytes : nil
    }

    private mutating func write(_ plan: ExamplePlan) -> Bool {
        switch plan {
        case .constants(let values):
            bytes.append(contentsOf: values.count == 1 ? values[0] : values[random.next(below: values.count)])
        case .boolean:
            bytes.append(contentsOf: (random.next(below: 2) == 0 ? "true" : "false").utf8)
        case .integer(let range):
            write(integer: random.next(in: range))
        case .hundredths(let range):
            write(hundredths: random.next(in: range))
        case .meaningNumber(let meaning, let isInteger):
            meaning.writeNumber(isInteger: isInteger, &random, to: &bytes)
        case .text(let source):
            bytes.append(UInt8(ascii: "\""))
            write(source)
            bytes.append(UInt8(ascii: "\""))
        case .fittedText(let source, let lengths):
            JSON.write(string: fittedText(source, lengths), to: &bytes)
        case .array(let count, let element):
            for index in 0..<count {
                bytes.append(index == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
                guard write(element) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            for member in members {
                bytes.append(contentsOf: member.lead)
                guard write(member.value) else { return false }
            }
            bytes.append(UInt8(ascii: "}"))
        case .tried(let node, let name):
            return writeTried(node, name)
        }
        return true
    }

    private mutating func write(integer value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(number: abs(value), width: 1)
    }

    private mutating func write(hundredths value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(number: abs(value) / 100, width: 1)
        let fraction = abs(value) % 100
        if fraction == 0 { return }
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0") + UInt8(fraction / 10))
        if fraction % 10 != 0 { bytes.append(UInt8(ascii: "0") + UInt8(fraction % 10)) }
    }

    /// None of the sources makes anything that JSON would escape; a test holds them to it.
    private mutating func write(_ source: ExamplePlan.TextSource) {
        switch source {
        case .meaning(let meaning): meaning.writeText(&random, to: &bytes)
        case .format(let format): PropertyMeaning.write(format, &random, to: &bytes)
        case .word: PropertyMeaning.writeWord(&random, to: &bytes)
        }
    }

    private mutating func fittedText(_ source: ExamplePlan.TextSource, _ lengths: ClosedRange<Int>) -> String {
        let start = bytes.count
        write(source)
        let text = String(decoding: bytes[start...], as: UTF8.self)
        bytes.removeSubrange(start...)
        if lengths.contains(text.unicodeScalars.count) { return text }
        return ExampleBuilder.fitted(text, to: lengths, &random)
    }

    private mutating func writeTried(_ node: SchemaNode, _ name: String?) -> Bool {
        for attempt in 0..<24 {
            var builder = ExampleBuilder(set: set, direction: direction, seed: random.next(), attempt: attempt)
            let value = builder.value(for: [node], name: name)
            var validation = SchemaValidation(set: set, direction: direction, limit: 0)
            _ = validation.run(node, value)
            if validation.isAccepted {
                value.write(to: &bytes)
                return true
            }
            if builder.work > 4000 { return false }
        }
        return false
    }
}
