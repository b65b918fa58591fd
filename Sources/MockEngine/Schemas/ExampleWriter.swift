import JSON

/// Writes examples by a program, straight into bytes.
struct ExampleWriter {
    private let program: ExampleProgram
    private let set: SchemaSet
    private let direction: MessageDirection
    private var random: TemplateRandom
    private var bytes: [UInt8] = []

    /// The example as JSON text; nil where a part that had to be tried came to nothing.
    static func example(
        _ program: ExampleProgram, of schema: CompiledSchema, direction: MessageDirection, seed: UInt64
    ) -> [UInt8]? {
        var writer = ExampleWriter(
            program: program, set: schema.set, direction: direction,
            random: .seeded(SeededGenerator(seed: seed)))
        writer.bytes.reserveCapacity(512)
        let isWhole = program.steps.withUnsafeBufferPointer { steps in
            program.text.withUnsafeBufferPointer { text in writer.run(steps, text, from: 0, to: steps.count) }
        }
        return isWhole ? writer.bytes : nil
    }

    private mutating func run(
        _ steps: UnsafeBufferPointer<ExampleProgram.Step>, _ text: UnsafeBufferPointer<UInt8>, from start: Int,
        to end: Int
    ) -> Bool {
        var position = start
        while position < end {
            switch steps[position] {
            case .bytes(let start, let count): append(text, start, count)
            case .choice(let first, let count):
                let (start, count) = program.choices[first + random.next(below: count)]
                append(text, start, count)
            case .boolean: bytes.append(contentsOf: (random.next(below: 2) == 0 ? "true" : "false").utf8)
            case .integer(let range): write(integer: random.next(in: range))
            case .hundredths(let range): write(hundredths: random.next(in: range))
            case .meaningNumber(let meaning, let isInteger):
                meaning.writeNumber(isInteger: isInteger, &random, to: &bytes)
            case .text(let source): write(source)
            case .fittedText(let source, let lengths): writeFitted(source, lengths)
            case .repeated(let count, let last):
                for index in 0..<count {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    guard run(steps, text, from: position + 1, to: last) else { return false }
                }
                position = last
                continue
            case .tried(let index):
                let (node, name) = program.trials[index]
                guard writeTried(node, name) else { return false }
            }
            position += 1
        }
        return true
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<start + count]))
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

    /// What has the right length already, which is the usual case, stays where it was written.
    private mutating func writeFitted(_ source: ExamplePlan.TextSource, _ lengths: ClosedRange<Int>) {
        let quote = bytes.count
        bytes.append(UInt8(ascii: "\""))
        write(source)
        let length = bytes[(quote + 1)...].count { $0 & 0xC0 != 0x80 }
        if lengths.contains(length) { return bytes.append(UInt8(ascii: "\"")) }
        let text = String(decoding: bytes[(quote + 1)...], as: UTF8.self)
        bytes.removeSubrange(quote...)
        JSON.write(string: ExampleBuilder.fitted(text, to: lengths, &random), to: &bytes)
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
