import JSON

/// Builds one value. Later attempts take other branches and fewer optional properties, since one of those may be what
/// made an earlier attempt invalid.
struct ExampleBuilder {
    let set: SchemaSet
    let direction: MessageDirection
    let attempt: Int
    var random: TemplateRandom
    private var depth = 0
    /// Values made so far; beyond a bound only what is required is made.
    private var count = 0
    private var ancestors: Set<ObjectIdentifier> = []
    private var checks = 0

    private static let depthLimit = 24
    private static let countLimit = 2000
    private static let elementLimit = 1000
    private static let checkLimit = 400

    init(set: SchemaSet, direction: MessageDirection, seed: UInt64, attempt: Int) {
        self.set = set
        self.direction = direction
        self.attempt = attempt
        random = .seeded(SeededGenerator(seed: seed))
    }

    /// How much has been done: values made and checked.
    var work: Int { count + checks }

    /// A value for all of `nodes` at once; `name` is the property that it will be, and hints at its meaning.
    mutating func value(for nodes: [SchemaNode], name: String?) -> JSON {
        guard depth < Self.depthLimit, count < Self.countLimit * 2 else { return .null }
        depth += 1
        count += 1
        let outer = ancestors
        defer {
            depth -= 1
            ancestors = outer
        }
        var first: JSON?
        for _ in 0..<6 {
            ancestors = outer
            var demand = ExampleDemand()
            for node in nodes { demand.add(node, ancestors: ancestors, random: &random) }
            ancestors.formUnion(demand.targets)
            for node in nodes { ancestors.insert(ObjectIdentifier(node)) }
            if let value = candidate(demand, nodes) { return value }
            let value = make(demand, name)
            // Where nothing was left to chance there is nothing to try again.
            if !demand.isUncertain || isAccepted(value, nodes) { return value }
            if first == nil { first = value }
            if checks > Self.checkLimit { break }
        }
        return first ?? .null
    }

    /// The author's own example or default, or a value out of `enum`, if it is valid.
    private mutating func candidate(_ demand: ExampleDemand, _ nodes: [SchemaNode]) -> JSON? {
        for value in demand.candidates.prefix(8) where isAccepted(value, nodes) { return value }
        guard let allowed = demand.allowed, !allowed.isEmpty else { return nil }
        // Null is no telling example.
        let telling = allowed.filter { !$0.isNull }
        let choices = telling.isEmpty ? allowed : telling
        let start = random.next(below: choices.count)
        for index in 0..<min(choices.count, 50) {
            let value = choices[(start + index) % choices.count]
            if isAccepted(value, nodes) { return value }
        }
        return allowed.first { isAccepted($0, nodes) }
    }

    private mutating func isAccepted(_ value: JSON, _ nodes: [SchemaNode]) -> Bool {
        checks += 1
        guard checks <= Self.checkLimit * 4 else { return false }
        return nodes.allSatisfy { node in
            var validation = SchemaValidation(set: set, direction: direction, limit: 0)
            _ = validation.run(node, value)
            return validation.isAccepted
        }
    }

    private mutating func make(_ demand: ExampleDemand, _ name: String?) -> JSON {
        switch type(for: demand, name) {
        case .boolean: return .bool(random.next(below: 2) == 0)
        case .integer: return number(demand, isInteger: true, name)
        case .number: return number(demand, isInteger: false, name)
        case .string: return string(demand, name)
        case .array: return array(demand, name)
        case .object: return object(demand)
        default: return .null
        }
    }

    private mutating func type(for demand: ExampleDemand, _ name: String?) -> TypeSet {
        if demand.isImpossible { return .null }
        if demand.isNullable, isDeep { return .null }
        if demand.types.contains(.null), isDeep { return .null }
        // What the schema has rules for is what it is about.
        var likely: [TypeSet] = []
        if !demand.objects.isEmpty { likely.append(.object) }
        if !demand.arrays.isEmpty { likely.append(.array) }
        if !demand.strings.isEmpty { likely.append(.string) }
        if !demand.numbers.isEmpty { likely.append(.number) }
        for type in likely {
            if demand.types.contains(type), attempt < 4 || random.next(below: 2) == 0 { return type }
            if type == .number, demand.types.contains(.integer) { return .integer }
        }
        if demand.types == .all, attempt < 8 { return .string }
        let types = [TypeSet.string, .integer, .number, .boolean, .array, .object].filter {
            demand.types.contains($0) && !($0 == .integer && demand.types.contains(.number))
        }
        return types.isEmpty ? .null : types[random.next(below: types.count)]
    }

    /// Far enough down to stop at the first occasion.
    var isDeep: Bool { depth > 8 || count > Self.countLimit }

    // MARK: Arrays

    private mutating func array(_ demand: ExampleDemand, _ name: String?) -> JSON {
        let minimum = demand.arrays.map(\.minimumCount).max() ?? 0
        var maximum = demand.arrays.compactMap(\.maximumCount).min() ?? .max
        for rules in demand.arrays where rules.items?.verdict == false { maximum = min(maximum, rules.prefix.count) }
        let prefix = demand.arrays.map(\.prefix.count).max() ?? 0
        let isRecursive = demand.elements(at: prefix).contains { $0.leads(to: ancestors) }
        let hasElements = demand.arrays.contains { $0.items != nil } || !demand.unevaluatedItems.isEmpty
        var count = hasElements && !isRecursive && !isDeep ? (depth <= 3 ? 2 : 1) : 0
        count = max(count, isDeep ? 0 : prefix)
        if attempt > 12 { count = minimum }
        let wanted = demand.arrays.compactMap { rules in rules.contains.map { (node: $0, rules: rules) } }
        let containing = wanted.reduce(0) { $0 + $1.rules.minimumContains }
        count = min(max(count, minimum, containing), maximum)
        // What could not be satisfied in reasonable space is not tried.
        if count > Self.elementLimit { count = 1 }
        let isUnique = demand.arrays.contains(where: \.isUnique)

        // Elements that `contains` asks for go last, where no prefix is in the way.
        var forced: [Int: [SchemaNode]] = [:]
        var position = count - 1
        for (node, rules) in wanted {
            for _ in 0..<min(rules.minimumContains, count) where position >= 0 {
                forced[position] = [node]
                position -= 1
            }
        }
        var elements: [JSON] = []
        var seen: Set<JSON> = []
        let singular = name.map(PropertyMeaning.singular)
        for index in 0..<count {
            let nodes = demand.elements(at: index) + (forced[index] ?? [])
            var element = value(for: nodes, name: singular)
            if isUnique {
                for _ in 0..<20 where seen.contains(element) { element = value(for: nodes, name: singular) }
                if !seen.insert(element).inserted {
                    if elements.count >= max(minimum, containing) { break }
                }
            }
            elements.append(element)
        }
        return .array(elements)
    }

    // MARK: Objects

    private mutating func object(_ demand: ExampleDemand) -> JSON {
        var demand = demand
        var names: [String] = []
        var chosen: Set<String> = []
        func choose(_ name: String) { if chosen.insert(name).inserted { names.append(name) } }

        let required = Set(demand.objects.flatMap(\.required))
        let maximum = demand.objects.compactMap(\.maximumCount).min() ?? .max
        var optional = 0
        for name in demand.objects.flatMap(\.properties.names) {
            if required.contains(name) {
                choose(name)
            } else if isWanted(demand.members(named: name), optional), required.count + optional < maximum {
                choose(name)
                optional += 1
            }
        }
        for rules in demand.objects { rules.required.forEach(choose) }
        addExtraNames(demand, maximum: maximum, count: names.count, choose)

        // Names ask for other names and for more schemas, which in turn may do the same.
        for _ in 0..<4 {
            let before = (names.count, demand.objects.count)
            for rules in demand.objects {
                for (name, others) in rules.dependentRequired where chosen.contains(name) { others.forEach(choose) }
            }
            var dependents: [SchemaNode] = []
            for rules in demand.objects {
                for (name, node) in rules.dependentSchemas where chosen.contains(name) { dependents.append(node) }
            }
            for node in dependents where demand.targets.insert(ObjectIdentifier(node)).inserted {
                demand.isUncertain = true
                demand.add(node, ancestors: ancestors, random: &random)
            }
            for rules in demand.objects { rules.required.forEach(choose) }
            if before == (names.count, demand.objects.count) { break }
        }

        var members = JSONObject()
        for name in names {
            let nodes = demand.members(named: name)
            if nodes.contains(where: { $0.isHidden(in: direction) }) { continue }
            members[name] = value(for: nodes, name: name)
        }
        return .object(members)
    }

    /// Whether an optional property should be there.
    private mutating func isWanted(_ nodes: [SchemaNode], _ optional: Int) -> Bool {
        if nodes.contains(where: { $0.verdict == false || $0.isHidden(in: direction) }) { return false }
        if isDeep || depth > 5 || optional >= 60 { return false }
        if nodes.contains(where: { $0.leads(to: ancestors) }) { return false }
        if attempt > 12 { return false }
        return attempt < 3 || random.next(below: 2) == 0
    }

    /// Names that no schema spells out: of maps, of `patternProperties`, and to reach `minProperties`.
    private mutating func addExtraNames(
        _ demand: ExampleDemand, maximum: Int, count: Int, _ choose: (String) -> Void
    ) {
        let minimum = demand.objects.map(\.minimumCount).max() ?? 0
        let isMap = demand.objects.contains { $0.additional.map { $0.verdict == nil } ?? false }
        let patterns = demand.objects.flatMap(\.patterns).filter { $0.node.verdict != false }
        var wanted = minimum - count
        if count == 0, !isDeep, attempt <= 12, isMap || !patterns.isEmpty { wanted = max(wanted, isMap ? 2 : 1) }
        wanted = min(wanted, maximum - count, 200)
        guard wanted > 0 else { return }
        var seen: Set<String> = []
        for index in 0..<(wanted * 4) where seen.count < wanted {
            var name: String?
            if let pattern = patterns.isEmpty ? nil : patterns[index % patterns.count] {
                name = PatternSampler.text(matching: pattern.expression, lengths: 0...40, random: &random)
            }
            let rules = demand.objects.compactMap(\.names)
            if name == nil, !rules.isEmpty { name = value(for: rules, name: nil).string }
            let text = name ?? PropertyMeaning.word(&random) + (index < wanted ? "" : "\(index)")
            let nodes = demand.members(named: text)
            if nodes.contains(where: { $0.verdict == false }) { continue }
            if seen.insert(text).inserted { choose(text) }
        }
    }
}
