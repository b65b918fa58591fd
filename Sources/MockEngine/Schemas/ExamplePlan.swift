import JSON

/// How to write examples of one schema without trial and error: every value that follows the plan satisfies the schema, so
/// nothing is built as a JSON value and nothing is checked. What cannot be decided beforehand (`oneOf`, patterns, …) is
/// left to `ExampleBuilder` for that part alone, which checks its own.
indirect enum ExamplePlan: Sendable {
    /// One of these, serialized.
    case constants([[UInt8]])
    case boolean
    case integer(ClosedRange<Int>)
    /// A number of hundredths.
    case hundredths(ClosedRange<Int>)
    /// A number that the property's name suggests.
    case meaningNumber(PropertyMeaning, isInteger: Bool)
    case text(TextSource)
    /// A text cut or filled to a length in Unicode scalars.
    case fittedText(TextSource, ClosedRange<Int>)
    case array(count: Int, ExamplePlan)
    /// Members with the bytes that stand before each value: `{"id":`, `,"name":`.
    case object([(lead: [UInt8], value: ExamplePlan)])
    /// Tried and checked at run time.
    case tried(SchemaNode, name: String?)

    enum TextSource: Sendable {
        case meaning(PropertyMeaning)
        case format(StringFormat)
        case word
    }
}

/// Makes the plan of a schema.
struct ExamplePlanner {
    private let set: SchemaSet
    private let direction: MessageDirection
    /// The schemas on the way down: met again they are recursion.
    private var targets: Set<ObjectIdentifier> = []
    private var depth = 0
    private var size = 0

    /// Deeper and larger values are left to `ExampleBuilder`, which keeps them small.
    private static let depthLimit = 8
    private static let sizeLimit = 500

    private struct Unplannable: Error {}

    /// Nil where a plan would not pay or could not keep what it promises: recursion, `$dynamicRef`, very large schemas.
    static func plan(_ schema: CompiledSchema, direction: MessageDirection) -> ExampleProgram? {
        guard !schema.set.hasDynamicReferences else { return nil }
        var planner = ExamplePlanner(set: schema.set, direction: direction)
        guard let plan = try? planner.plan(schema.root, name: nil) else { return nil }
        if case .tried = plan { return nil }
        return ExampleProgram(plan)
    }

    private init(set: SchemaSet, direction: MessageDirection) {
        self.set = set
        self.direction = direction
    }

    private mutating func plan(_ outer: SchemaNode, name: String?) throws -> ExamplePlan {
        let before = targets
        depth += 1
        size += 1
        defer {
            depth -= 1
            targets = before
        }
        guard depth <= Self.depthLimit, size <= Self.sizeLimit else { throw Unplannable() }
        let node = try followed(outer)
        targets.formUnion([ObjectIdentifier(outer), ObjectIdentifier(node)])
        if node.verdict == false { throw Unplannable() }
        // What the author wrote comes first, also where it stands beside a reference.
        for candidates in [outer.exampleCandidates, node.exampleCandidates] {
            if let value = candidates.prefix(8).first(where: { isAccepted($0, outer) }) {
                return .constants([value.bytes])
            }
        }
        if let allowed = node.allowed {
            let valid = allowed.values.prefix(200).filter { isAccepted($0, outer) }
            let telling = valid.filter { !$0.isNull }
            if valid.isEmpty { throw Unplannable() }
            return .constants((telling.isEmpty ? valid : telling).map(\.bytes))
        }
        guard node.inPlace.isEmpty, !node.tracksEvaluation else { return try tried(outer, name, below: before) }
        return try composed(node, name) ?? tried(outer, name, below: before)
    }

    /// Follows what is a reference and nothing else.
    private mutating func followed(_ node: SchemaNode) throws -> SchemaNode {
        var node = node
        while node.isBareApplicator, let applicator = node.inPlace.first {
            switch applicator {
            case .reference(let reference):
                guard targets.insert(ObjectIdentifier(reference.target)).inserted else { throw Unplannable() }
                node = reference.target
            case .all(let nodes) where nodes.count == 1:
                node = nodes[0]
            default: return node
            }
        }
        return node
    }

    private func tried(
        _ node: SchemaNode, _ name: String?, below ancestors: Set<ObjectIdentifier>
    ) throws -> ExamplePlan {
        // A part that leads back up would be built without knowing of the recursion.
        if node.leads(to: ancestors) { throw Unplannable() }
        return .tried(node, name: name)
    }

    private func isAccepted(_ value: JSON, _ node: SchemaNode) -> Bool {
        var validation = SchemaValidation(set: set, direction: direction, limit: 0)
        _ = validation.run(node, value)
        return validation.isAccepted
    }

    /// Nil where the rules of the type leave something to try.
    private mutating func composed(_ node: SchemaNode, _ name: String?) throws -> ExamplePlan? {
        switch node.onlyType {
        case .boolean: return .boolean
        case .integer: return number(node.number, isInteger: true, name)
        case .number: return number(node.number, isInteger: false, name)
        case .string: return text(node.string, name)
        case .array: return try array(node.array, name)
        case .object: return try object(node.object)
        default: return nil
        }
    }

    // MARK: Scalars

    private func number(_ rules: NumberRules?, isInteger: Bool, _ name: String?) -> ExamplePlan? {
        guard rules?.multipleOf == nil else { return nil }
        let isInteger = isInteger || rules?.format == .int32 || rules?.format == .int64
        if rules?.minimum == nil, rules?.maximum == nil {
            if let name, let meaning = PropertyMeaning(name), meaning.hasNumber(isInteger: isInteger) {
                return .meaningNumber(meaning, isInteger: isInteger)
            }
            return isInteger ? .integer(1...1000) : .hundredths(100...100_000)
        }
        let bound = 1_000_000_000
        let low = rules?.minimum.map { ($0.value.integer, $0.isExclusive) }
        let high = rules?.maximum.map { ($0.value.integer, $0.isExclusive) }
        if low.map({ $0.0 == nil }) ?? false || high.map({ $0.0 == nil }) ?? false { return nil }
        let scale = isInteger ? 1 : 100
        guard abs(low?.0 ?? 0) < bound, abs(high?.0 ?? 0) < bound else { return nil }
        var lower = low.flatMap { limit in limit.0.map { $0 * scale + (limit.1 ? 1 : 0) } }
        var upper = high.flatMap { limit in limit.0.map { $0 * scale - (limit.1 ? 1 : 0) } }
        // Small numbers read better than those from all over the range.
        let span = 1000 * scale
        switch (lower, upper) {
        case (let given?, nil): upper = given + span
        case (nil, let given?): lower = given >= scale ? scale : given - span
        default: break
        }
        guard var lower, var upper, lower <= upper else { return nil }
        if upper - lower > span {
            (lower, upper) = lower < 0 && upper >= span ? (scale, span) : (lower, lower + span)
        }
        return isInteger ? .integer(lower...upper) : .hundredths(lower...upper)
    }

    private func text(_ rules: StringRules?, _ name: String?) -> ExamplePlan? {
        guard let rules else { return .text(source(name)) }
        guard rules.patterns.isEmpty else { return nil }
        let hasLength = rules.minimumLength > 0 || rules.maximumLength != nil
        if let format = rules.format { return hasLength ? nil : .text(.format(format)) }
        guard hasLength else { return .text(source(name)) }
        let maximum = rules.maximumLength ?? 10_000
        guard rules.minimumLength <= min(maximum, 10_000) else { return nil }
        return .fittedText(source(name), rules.minimumLength...min(maximum, 10_000))
    }

    private func source(_ name: String?) -> ExamplePlan.TextSource {
        guard let name, let meaning = PropertyMeaning(name), meaning.hasText else { return .word }
        return .meaning(meaning)
    }

    // MARK: Arrays and objects

    private mutating func array(_ rules: ArrayRules?, _ name: String?) throws -> ExamplePlan? {
        guard let rules else { return .constants([Array("[]".utf8)]) }
        guard rules.prefix.isEmpty, !rules.isUnique, rules.contains == nil else { return nil }
        guard let items = rules.items else {
            return rules.minimumCount == 0 ? .constants([Array("[]".utf8)]) : nil
        }
        let maximum = rules.maximumCount ?? .max
        guard items.verdict != false, rules.minimumCount <= min(maximum, 1000) else { return nil }
        let count = min(max(depth <= 3 ? 2 : 1, rules.minimumCount), maximum)
        if count == 0 { return .constants([Array("[]".utf8)]) }
        return .array(count: count, try plan(items, name: name.map(PropertyMeaning.singular)))
    }

    private mutating func object(_ rules: ObjectRules?) throws -> ExamplePlan? {
        guard let rules else { return .constants([Array("{}".utf8)]) }
        guard rules.patterns.isEmpty, rules.names == nil, rules.dependentRequired.isEmpty,
            rules.dependentSchemas.isEmpty, rules.maximumCount == nil,
            rules.required.allSatisfy({ rules.properties[$0] != nil })
        else { return nil }
        let required = Set(rules.required)
        var members: [(lead: [UInt8], value: ExamplePlan)] = []
        var optional = 0
        for (name, node) in zip(rules.properties.names, rules.properties.nodes) {
            if node.isHidden(in: direction) { continue }
            if !required.contains(name) {
                guard node.verdict != false, depth <= 5, optional < 60, !node.leads(to: targets) else { continue }
                optional += 1
            }
            var lead: [UInt8] = [members.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ",")]
            JSON.write(string: name, to: &lead)
            lead.append(UInt8(ascii: ":"))
            members.append((lead, try plan(node, name: name)))
        }
        // A map, or an object that must have members that no schema names.
        guard members.count >= max(rules.minimumCount, rules.properties.names.isEmpty ? 1 : 0) else { return nil }
        return members.isEmpty ? .constants([Array("{}".utf8)]) : .object(members)
    }
}

extension SchemaNode {
    fileprivate var exampleCandidates: [JSON] {
        annotations.defaultValue.map { annotations.examples + [$0] } ?? annotations.examples
    }

    /// Whether the only thing that it says about a value is one applicator.
    fileprivate var isBareApplicator: Bool {
        inPlace.count == 1 && verdict == nil && types == nil && allowed == nil && number == nil && string == nil
            && array == nil && object == nil && !tracksEvaluation
    }

    /// The type of examples, where there is but one to choose: what the schema has rules for, or the one that is not null.
    fileprivate var onlyType: TypeSet? {
        if verdict == true { return .string }
        let possible = (types ?? .all).subtracting(.null)
        for type in [TypeSet.boolean, .integer, .number, .string, .array, .object] where possible == type {
            return type
        }
        guard types == nil else { return possible == [.integer, .number] ? .number : nil }
        switch (object != nil, array != nil, string != nil, number != nil) {
        case (true, false, false, false): return .object
        case (false, true, false, false): return .array
        case (false, false, true, false), (false, false, false, false): return .string
        case (false, false, false, true): return .number
        default: return nil
        }
    }
}
