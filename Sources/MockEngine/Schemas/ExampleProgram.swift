/// An `ExamplePlan` laid flat: a list of objects has hundreds of parts, and none of these steps holds a reference that would
/// have to be counted on the way.
struct ExampleProgram: Sendable {
    enum Step: Sendable {
        /// A stretch of `text`.
        case bytes(start: Int, count: Int)
        /// One of `choices`.
        case choice(first: Int, count: Int)
        case boolean
        case integer(ClosedRange<Int>)
        case hundredths(ClosedRange<Int>)
        case meaningNumber(PropertyMeaning, isInteger: Bool)
        case text(ExamplePlan.TextSource)
        case fittedText(ExamplePlan.TextSource, ClosedRange<Int>)
        /// The steps from here to `end`, `count` times with commas between.
        case repeated(count: Int, end: Int)
        /// One of `trials`.
        case tried(Int)
    }

    private(set) var steps: [Step] = []
    /// What is the same in every example.
    private(set) var text: [UInt8] = []
    /// Stretches of `text`.
    private(set) var choices: [(start: Int, count: Int)] = []
    private(set) var trials: [(node: SchemaNode, name: String?)] = []
    /// Steps before this one are complete: bytes that follow must not be joined to them.
    private var sealed = 0

    init(_ plan: ExamplePlan) { add(plan) }

    private mutating func add(_ plan: ExamplePlan) {
        switch plan {
        case .constants(let values):
            if values.count == 1 { return add(bytes: values[0]) }
            steps.append(.choice(first: choices.count, count: values.count))
            for value in values { choices.append(place(value)) }
        case .boolean: steps.append(.boolean)
        case .integer(let range): steps.append(.integer(range))
        case .hundredths(let range): steps.append(.hundredths(range))
        case .meaningNumber(let meaning, let isInteger):
            steps.append(.meaningNumber(meaning, isInteger: isInteger))
        case .text(let source):
            add(bytes: [UInt8(ascii: "\"")])
            steps.append(.text(source))
            add(bytes: [UInt8(ascii: "\"")])
        case .fittedText(let source, let lengths): steps.append(.fittedText(source, lengths))
        case .array(let count, let element):
            add(bytes: [UInt8(ascii: "[")])
            let start = steps.count
            steps.append(.repeated(count: count, end: start))
            add(element)
            steps[start] = .repeated(count: count, end: steps.count)
            sealed = steps.count
            add(bytes: [UInt8(ascii: "]")])
        case .object(let members):
            for member in members {
                add(bytes: member.lead)
                add(member.value)
            }
            add(bytes: [UInt8(ascii: "}")])
        case .tried(let node, let name):
            steps.append(.tried(trials.count))
            trials.append((node, name))
        }
    }

    private mutating func add(bytes: [UInt8]) {
        let (start, count) = place(bytes)
        if steps.count > sealed, case .bytes(let first, let length) = steps.last, first + length == start {
            steps[steps.count - 1] = .bytes(start: first, count: length + count)
        } else {
            steps.append(.bytes(start: start, count: count))
        }
    }

    private mutating func place(_ bytes: [UInt8]) -> (start: Int, count: Int) {
        text.append(contentsOf: bytes)
        return (text.count - bytes.count, bytes.count)
    }
}
