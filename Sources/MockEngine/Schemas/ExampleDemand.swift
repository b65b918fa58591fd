import JSON

/// All that several schemas ask of one value: what stands in `allOf`, behind references and in the chosen branches of
/// `anyOf`, `oneOf` and `if`, brought together.
struct ExampleDemand {
    var types: TypeSet = .all
    var isNullable = false
    /// Values that `enum` and `const` leave, or nil when any may be.
    var allowed: [JSON]?
    var candidates: [JSON] = []
    var numbers: [NumberRules] = []
    var strings: [StringRules] = []
    var arrays: [ArrayRules] = []
    var objects: [ObjectRules] = []
    var unevaluatedItems: [SchemaNode] = []
    var unevaluatedProperties: [SchemaNode] = []
    /// Nothing at all is valid.
    var isImpossible = false
    /// Whether a choice was made that may turn out wrong.
    var isUncertain = false
    /// Schemas that references led to: met again further down they are recursion.
    var targets: Set<ObjectIdentifier> = []

    /// Adds what `node` asks. Branches are chosen at random, those that lead back to `ancestors` last.
    mutating func add(
        _ node: SchemaNode, ancestors: Set<ObjectIdentifier>, random: inout TemplateRandom, depth: Int = 0
    ) {
        guard depth < 60 else { return }
        if let verdict = node.verdict {
            if !verdict { isImpossible = true }
            return
        }
        if node.isNullable { isNullable = true }
        if let types = node.types { self.types.narrow(to: types) }
        if let allowed = node.allowed {
            self.allowed = self.allowed.map { $0.filter(allowed.contains) } ?? allowed.values
        }
        candidates += node.annotations.examples
        if let value = node.annotations.defaultValue { candidates.append(value) }
        if let rules = node.number { numbers.append(rules) }
        if let rules = node.string { strings.append(rules) }
        if let rules = node.array { arrays.append(rules) }
        if let rules = node.object { objects.append(rules) }
        if let inner = node.unevaluatedItems { unevaluatedItems.append(inner) }
        if let inner = node.unevaluatedProperties { unevaluatedProperties.append(inner) }
        if node.tracksEvaluation { isUncertain = true }
        for applicator in node.inPlace { add(applicator, ancestors: ancestors, random: &random, depth: depth) }
    }

    private mutating func add(
        _ applicator: Applicator, ancestors: Set<ObjectIdentifier>, random: inout TemplateRandom, depth: Int
    ) {
        switch applicator {
        case .reference(let reference), .dynamicReference(let reference, _):
            guard targets.insert(ObjectIdentifier(reference.target)).inserted else { return }
            add(reference.target, ancestors: ancestors, random: &random, depth: depth + 1)
        case .all(let nodes):
            if nodes.count > 1 { isUncertain = true }
            for node in nodes { add(node, ancestors: ancestors, random: &random, depth: depth + 1) }
        case .any(let nodes), .one(let nodes):
            isUncertain = true
            let possible = nodes.filter { $0.verdict != false && types.overlaps($0.types ?? .all) }
            let calm = possible.filter { !$0.leads(to: ancestors) }
            let choices = calm.isEmpty ? (possible.isEmpty ? nodes : possible) : calm
            add(choices[random.next(below: choices.count)], ancestors: ancestors, random: &random, depth: depth + 1)
        case .not(let node):
            isUncertain = true
            if let types = node.types, node.constrainsTypeOnly { self.types.exclude(types) }
        case .conditional(let condition, let then, let otherwise):
            isUncertain = true
            if random.next(below: 2) == 0, condition.verdict != false {
                add(condition, ancestors: ancestors, random: &random, depth: depth + 1)
                if let then { add(then, ancestors: ancestors, random: &random, depth: depth + 1) }
            } else if let otherwise {
                add(otherwise, ancestors: ancestors, random: &random, depth: depth + 1)
            }
        }
    }

    // MARK: Parts

    /// The schemas that hold for the member `name`.
    func members(named name: String) -> [SchemaNode] {
        var nodes: [SchemaNode] = []
        for rules in objects {
            var isKnown = false
            if let node = rules.properties[name] {
                nodes.append(node)
                isKnown = true
            }
            for (expression, node) in rules.patterns where expression.found(in: name) {
                nodes.append(node)
                isKnown = true
            }
            if !isKnown, let node = rules.additional { nodes.append(node) }
        }
        return nodes.isEmpty ? unevaluatedProperties : nodes
    }

    /// The schemas that hold for the element at `index`.
    func elements(at index: Int) -> [SchemaNode] {
        let nodes = arrays.compactMap { index < $0.prefix.count ? $0.prefix[index] : $0.items }
        return nodes.isEmpty ? unevaluatedItems : nodes
    }
}

extension TypeSet {
    fileprivate mutating func narrow(to other: TypeSet) {
        // Integers are numbers: what one side calls a number and the other an integer is an integer.
        let isInteger =
            (contains(.integer) || contains(.number)) && (other.contains(.integer) || other.contains(.number))
        let isNumber = contains(.number) && other.contains(.number)
        formIntersection(other)
        if isInteger { insert(.integer) }
        if isNumber { insert(.number) } else { remove(.number) }
    }

    fileprivate mutating func exclude(_ other: TypeSet) {
        subtract(other)
        if other.contains(.number) { remove(.integer) }
    }

    fileprivate func overlaps(_ other: TypeSet) -> Bool {
        var common = self
        common.narrow(to: other)
        return !common.isEmpty
    }
}

extension SchemaNode {
    /// Whether applying this schema means to apply one of `targets` again, to this very value or to a part of it that
    /// cannot be left out.
    func leads(to targets: Set<ObjectIdentifier>, depth: Int = 0) -> Bool {
        guard depth < 6, !targets.isEmpty else { return false }
        if targets.contains(ObjectIdentifier(self)) { return true }
        for applicator in inPlace {
            switch applicator {
            case .reference(let reference), .dynamicReference(let reference, _):
                if reference.target.leads(to: targets, depth: depth + 1) { return true }
            case .all(let nodes):
                if nodes.contains(where: { $0.leads(to: targets, depth: depth + 1) }) { return true }
            case .any(let nodes), .one(let nodes):
                if nodes.allSatisfy({ $0.leads(to: targets, depth: depth + 1) }) { return true }
            default: break
            }
        }
        if let items = array?.items, types == .array, items.leads(to: targets, depth: depth + 1) { return true }
        guard let object else { return false }
        return object.required.contains { object.properties[$0]?.leads(to: targets, depth: depth + 1) ?? false }
    }

    fileprivate var constrainsTypeOnly: Bool {
        allowed == nil && number == nil && string == nil && array == nil && object == nil && inPlace.isEmpty
            && !tracksEvaluation
    }
}
