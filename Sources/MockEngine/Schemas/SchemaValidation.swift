import Domain
import JSON

/// One check of one value. In its quick mode it stops at the first fault and builds no messages; the branches of `anyOf`
/// and their like are always tried that way first.
struct SchemaValidation {
    private enum Step {
        case key(String)
        case index(Int)
    }

    private let set: SchemaSet
    private let direction: MessageDirection?
    private let limit: Int
    private var violations: [Violation] = []
    private var path: [Step] = []
    private var isCollecting: Bool
    private var steps = 0
    private var depth = 0
    private var isExhausted = false
    /// The schema resources entered, the outermost first, for `$dynamicRef`.
    private var resources: [Int] = []
    private(set) var isAccepted = true

    /// Schemas applied in one check: enough for a value of some megabytes, and well under a second.
    private static let stepLimit = 2_000_000
    private static let depthLimit = 400

    init(set: SchemaSet, direction: MessageDirection?, limit: Int) {
        self.set = set
        self.direction = direction
        self.limit = limit
        isCollecting = limit > 0
    }

    mutating func run(_ node: SchemaNode, _ value: JSON) -> [Violation] {
        var marks: EvaluationMarks?
        isAccepted = check(node, value, &marks)
        if isExhausted {
            isAccepted = false
            if limit > 0 {
                return [
                    Violation(
                        .root, "too_complex",
                        "cannot be checked: the schema refers to itself without end, or the value is too large for it")
                ]
            }
        }
        return violations
    }

    // MARK: Reporting

    private mutating func report(_ code: String, _ message: @autoclosure () -> String, at step: String? = nil) {
        guard isCollecting, violations.count < limit else { return }
        var tokens = path.map { step in
            switch step {
            case .key(let key): key
            case .index(let index): String(index)
            }
        }
        if let step { tokens.append(step) }
        violations.append(Violation(JSONPointer(tokens), code, message()))
    }

    /// Whether there is no point in going on after a fault.
    private var isDone: Bool { !isCollecting || violations.count >= limit || isExhausted }

    // MARK: One schema

    private mutating func check(_ node: SchemaNode, _ value: JSON, _ marks: inout EvaluationMarks?) -> Bool {
        if let verdict = node.verdict {
            if !verdict { report("false_schema", "must be absent: nothing is allowed here") }
            return verdict
        }
        if node.isNullable, case .null = value { return true }
        steps += 1
        guard steps <= Self.stepLimit, depth < Self.depthLimit, !isExhausted else {
            isExhausted = true
            return false
        }
        depth += 1
        defer { depth -= 1 }
        let entersResource = resources.last != node.resource
        if entersResource { resources.append(node.resource) }
        defer { if entersResource { resources.removeLast() } }

        if let types = node.types, !types.matches(value) || !isDraft4Integer(types, value, node) {
            report("type", "must be \(types.description), not \(value.typeName)")
            return false
        }
        // Marks made by a schema that fails do not count, so they are kept apart until it has passed.
        var own: EvaluationMarks? = node.tracksEvaluation || marks != nil ? EvaluationMarks() : nil
        var isValid = true
        if let allowed = node.allowed {
            steps += allowed.values.count / 8
            if !allowed.contains(value) {
                report(allowed.isConst ? "const" : "enum", allowed.expectation)
                isValid = false
            }
        }
        if !isValid, isDone { return false }
        isValid = checkRules(node, value, &own) && isValid
        if !isValid, isDone { return false }
        for applicator in node.inPlace where !apply(applicator, value, &own) {
            isValid = false
            if isDone { return false }
        }
        if node.tracksEvaluation, !checkUnevaluated(node, value, &own) { isValid = false }
        if isValid, let own { marks?.formUnion(own) }
        return isValid
    }

    /// Draft 4 takes `1.0` for no integer.
    private func isDraft4Integer(_ types: TypeSet, _ value: JSON, _ node: SchemaNode) -> Bool {
        guard types.contains(.integer), !types.contains(.number), case .number(let number) = value,
            set.documents.documents[node.location.document].dialect == .draft4
        else { return true }
        return number.literal.utf8.allSatisfy { $0 != UInt8(ascii: ".") }
    }

    private mutating func checkRules(_ node: SchemaNode, _ value: JSON, _ marks: inout EvaluationMarks?) -> Bool {
        switch value {
        case .number(let number):
            if let rules = node.number { return checkNumber(rules, number) }
        case .string(let text):
            if let rules = node.string { return checkString(rules, text) }
        case .array(let elements):
            if let rules = node.array { return checkArray(rules, elements, &marks) }
        case .object(let members):
            if let rules = node.object { return checkObject(rules, members, &marks) }
        case .null, .bool: break
        }
        return true
    }

    // MARK: Numbers and strings

    private mutating func checkNumber(_ rules: NumberRules, _ number: JSONNumber) -> Bool {
        var isValid = true
        if let bound = rules.minimum, bound.isExclusive ? number <= bound.value : number < bound.value {
            let code = bound.isExclusive ? "exclusive_minimum" : "minimum"
            report(code, "must be \(bound.isExclusive ? "greater than" : "at least") \(bound.value.literal)")
            isValid = false
        }
        if let bound = rules.maximum, bound.isExclusive ? number >= bound.value : number > bound.value {
            let code = bound.isExclusive ? "exclusive_maximum" : "maximum"
            report(code, "must be \(bound.isExclusive ? "less than" : "at most") \(bound.value.literal)")
            isValid = false
        }
        if let factor = rules.multipleOf, !number.isMultiple(of: factor) {
            report("multiple_of", "must be a multiple of \(factor.literal)")
            isValid = false
        }
        if let format = rules.format, !format.accepts(number) {
            report("format", "must be \(format.expectation)")
            isValid = false
        }
        return isValid
    }

    private mutating func checkString(_ rules: StringRules, _ text: String) -> Bool {
        var isValid = true
        if rules.minimumLength > 0 || rules.maximumLength != nil {
            let maximum = rules.maximumLength ?? .max
            // A scalar is one to four bytes, so most texts need no count.
            let bytes = text.utf8.count
            let (enough, isHuge) = rules.minimumLength.multipliedReportingOverflow(by: 4)
            if bytes > maximum || bytes < enough || isHuge {
                let length = text.unicodeScalars.count
                if length < rules.minimumLength {
                    report("min_length", "must have at least \(rules.minimumLength) characters, not \(length)")
                    isValid = false
                }
                if length > maximum {
                    report("max_length", "must have at most \(maximum) characters, not \(length)")
                    isValid = false
                }
            }
        }
        for pattern in rules.patterns where !pattern.found(in: text) {
            report("pattern", "must match the pattern \(pattern.pattern)")
            isValid = false
        }
        if let format = rules.format, rules.assertsFormat, !format.accepts(text) {
            report("format", "must be \(format.expectation)")
            isValid = false
        }
        return isValid
    }

    // MARK: Arrays

    private mutating func checkArray(
        _ rules: ArrayRules, _ elements: [JSON], _ marks: inout EvaluationMarks?
    ) -> Bool {
        var isValid = true
        if elements.count < rules.minimumCount {
            report("min_items", "must have at least \(rules.minimumCount) elements, not \(elements.count)")
            isValid = false
        }
        if let maximum = rules.maximumCount, elements.count > maximum {
            report("max_items", "must have at most \(maximum) elements, not \(elements.count)")
            isValid = false
        }
        if rules.isUnique, let (first, second) = Self.duplicate(in: elements) {
            report("unique_items", "must differ from the element at \(first)", at: String(second))
            isValid = false
        }
        if !isValid, isDone { return false }
        if !rules.prefix.isEmpty || rules.items != nil {
            for (index, element) in elements.enumerated() {
                guard let node = index < rules.prefix.count ? rules.prefix[index] : rules.items else { break }
                marks?.insert(index)
                if !descend(.index(index), node, element) {
                    isValid = false
                    if isDone { return false }
                }
            }
        }
        if let node = rules.contains {
            isValid = checkContains(node, rules, elements, &marks) && isValid
        }
        return isValid
    }

    private mutating func checkContains(
        _ node: SchemaNode, _ rules: ArrayRules, _ elements: [JSON], _ marks: inout EvaluationMarks?
    ) -> Bool {
        var count = 0
        for (index, element) in elements.enumerated() where isQuietlyValid(node, element) {
            marks?.insert(index)
            count += 1
        }
        if count < rules.minimumContains {
            let code = rules.minimumContains == 1 ? "contains" : "min_contains"
            report(
                code, "must have at least \(rules.minimumContains) elements of the kind that is asked for, not \(count)"
            )
            return false
        }
        if let maximum = rules.maximumContains, count > maximum {
            report("max_contains", "must have at most \(maximum) elements of the kind that is limited, not \(count)")
            return false
        }
        return true
    }

    private static func duplicate(in elements: [JSON]) -> (Int, Int)? {
        if elements.count <= 8 {
            for second in elements.indices.dropFirst() {
                if let first = elements[..<second].firstIndex(of: elements[second]) { return (first, second) }
            }
            return nil
        }
        var seen: [JSON: Int] = [:]
        seen.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if let first = seen.updateValue(index, forKey: element) { return (first, index) }
        }
        return nil
    }

    // MARK: Objects

    private mutating func checkObject(
        _ rules: ObjectRules, _ members: JSONObject, _ marks: inout EvaluationMarks?
    ) -> Bool {
        var isValid = true
        for name in rules.required where !members.contains(name) && isRequired(name, rules) {
            report("required", "is required", at: name)
            isValid = false
        }
        if members.count < rules.minimumCount {
            report("min_properties", "must have at least \(rules.minimumCount) properties, not \(members.count)")
            isValid = false
        }
        if let maximum = rules.maximumCount, members.count > maximum {
            report("max_properties", "must have at most \(maximum) properties, not \(members.count)")
            isValid = false
        }
        for (name, required) in rules.dependentRequired where members.contains(name) {
            for missing in required where !members.contains(missing) {
                report("dependent_required", "is required beside \(name)", at: missing)
                isValid = false
            }
        }
        if !isValid, isDone { return false }
        if !rules.properties.names.isEmpty || !rules.patterns.isEmpty || rules.additional != nil || rules.names != nil {
            for (index, member) in members.enumerated() where !checkMember(rules, member, index, &marks) {
                isValid = false
                if isDone { return false }
            }
        }
        for (name, node) in rules.dependentSchemas where members.contains(name) {
            if !check(node, .object(members), &marks) {
                isValid = false
                if isDone { return false }
            }
        }
        return isValid
    }

    private mutating func checkMember(
        _ rules: ObjectRules, _ member: JSONObject.Element, _ index: Int, _ marks: inout EvaluationMarks?
    ) -> Bool {
        var isValid = true
        var isKnown = false
        if let node = rules.properties[member.key] {
            isKnown = true
            isValid = descend(.key(member.key), node, member.value)
        }
        for (expression, node) in rules.patterns where expression.found(in: member.key) {
            isKnown = true
            isValid = descend(.key(member.key), node, member.value) && isValid
        }
        if isKnown {
            marks?.insert(index)
        } else if let node = rules.additional {
            marks?.insert(index)
            if node.verdict == false {
                report("additional_properties", rules.unknownProperty, at: member.key)
                isValid = false
            } else {
                isValid = descend(.key(member.key), node, member.value)
            }
        }
        if let node = rules.names, !isQuietlyValid(node, .string(member.key)) {
            report("property_names", "is not a name that is allowed here", at: member.key)
            isValid = false
        }
        return isValid
    }

    /// Properties that travel the other way only are not asked for.
    private func isRequired(_ name: String, _ rules: ObjectRules) -> Bool {
        guard let direction, let node = rules.properties[name] else { return true }
        return !node.isHidden(in: direction)
    }

    private mutating func descend(_ step: Step, _ node: SchemaNode, _ value: JSON) -> Bool {
        var marks: EvaluationMarks?
        guard isCollecting else { return check(node, value, &marks) }
        path.append(step)
        defer { path.removeLast() }
        return check(node, value, &marks)
    }

    // MARK: In-place applicators

    private mutating func apply(_ applicator: Applicator, _ value: JSON, _ marks: inout EvaluationMarks?) -> Bool {
        switch applicator {
        case .reference(let reference): return check(reference.target, value, &marks)
        case .dynamicReference(let reference, let anchor):
            return check(dynamicTarget(reference, anchor), value, &marks)
        case .all(let nodes):
            var isValid = true
            for node in nodes where !check(node, value, &marks) {
                isValid = false
                if isDone { return false }
            }
            return isValid
        case .any(let nodes): return checkAny(nodes, value, &marks)
        case .one(let nodes): return checkOne(nodes, value, &marks)
        case .not(let node):
            if !isQuietlyValid(node, value) { return true }
            report("not", "must not be what the schema excludes here")
            return false
        case .conditional(let condition, let then, let otherwise):
            let branch = quietly { $0.check(condition, value, &marks) } ? then : otherwise
            return branch.map { check($0, value, &marks) } ?? true
        }
    }

    private mutating func checkAny(_ nodes: [SchemaNode], _ value: JSON, _ marks: inout EvaluationMarks?) -> Bool {
        var isValid = false
        for node in nodes where quietly({ $0.check(node, value, &marks) }) {
            isValid = true
            // Where evaluation is tracked every branch that passes counts.
            if marks == nil { return true }
        }
        if !isValid { reportNoBranch("any_of", nodes, value) }
        return isValid
    }

    private mutating func checkOne(_ nodes: [SchemaNode], _ value: JSON, _ marks: inout EvaluationMarks?) -> Bool {
        var passed: [Int] = []
        for (index, node) in nodes.enumerated() where quietly({ $0.check(node, value, &marks) }) {
            passed.append(index)
            if passed.count == 2 {
                let names = passed.map { nodes[$0].name ?? "number \($0 + 1)" }
                report(
                    "one_of",
                    "must match exactly one of \(nodes.count) alternatives, but \(names[0]) and \(names[1]) match")
                return false
            }
        }
        if passed.isEmpty { reportNoBranch("one_of", nodes, value) }
        return passed.count == 1
    }

    /// Says that no alternative fits, and what keeps the closest one from it.
    private mutating func reportNoBranch(_ code: String, _ nodes: [SchemaNode], _ value: JSON) {
        guard isCollecting, violations.count < limit else { return }
        let before = violations
        var closest: (name: String, faults: [Violation], rank: Int)?
        let place = path.count
        for (index, node) in nodes.prefix(20).enumerated() {
            violations = []
            var marks: EvaluationMarks?
            _ = check(node, value, &marks)
            // A fault in the value itself, or in a member that names its kind, means that another alternative was meant.
            let rank = violations.reduce(0) { sum, violation in
                let depth = violation.pointer.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "/") ? 1 : 0) }
                if violation.code == "type", depth <= place { return sum + 100 }
                let namesKind = violation.code == "const" || violation.code == "enum"
                return sum + (namesKind && depth <= place + 1 ? 20 : 1)
            }
            if closest.map({ rank < $0.rank }) ?? true {
                closest = (node.name ?? "number \(index + 1)", violations, rank)
            }
        }
        violations = before
        guard let closest else { return }
        let word = code == "any_of" ? "at least" : "exactly"
        report(code, "must match \(word) one of \(nodes.count) alternatives; the closest is \(closest.name)")
        violations += closest.faults.prefix(max(0, min(5, limit - violations.count)))
    }

    private mutating func isQuietlyValid(_ node: SchemaNode, _ value: JSON) -> Bool {
        var marks: EvaluationMarks?
        return quietly { $0.check(node, value, &marks) }
    }

    private mutating func quietly(_ body: (inout Self) -> Bool) -> Bool {
        let outer = isCollecting
        isCollecting = false
        defer { isCollecting = outer }
        return body(&self)
    }

    private func dynamicTarget(_ reference: Reference, _ anchor: String) -> SchemaNode {
        for resource in resources {
            if let node = set.dynamicAnchor(anchor, in: resource) { return node }
        }
        return reference.target
    }

    // MARK: What nothing has looked at

    private mutating func checkUnevaluated(
        _ node: SchemaNode, _ value: JSON, _ marks: inout EvaluationMarks?
    ) -> Bool {
        var isValid = true
        switch value {
        case .object(let members):
            guard let schema = node.unevaluatedProperties else { return true }
            for (index, member) in members.enumerated() where marks?.contains(index) == false {
                marks?.insert(index)
                if schema.verdict == false {
                    report("unevaluated_properties", "is not a known property", at: member.key)
                    isValid = false
                } else if !descend(.key(member.key), schema, member.value) {
                    isValid = false
                }
                if !isValid, isDone { return false }
            }
        case .array(let elements):
            guard let schema = node.unevaluatedItems else { return true }
            for (index, element) in elements.enumerated() where marks?.contains(index) == false {
                marks?.insert(index)
                if schema.verdict == false {
                    report("unevaluated_items", "is one element too many", at: String(index))
                    isValid = false
                } else if !descend(.index(index), schema, element) {
                    isValid = false
                }
                if !isValid, isDone { return false }
            }
        default: break
        }
        return isValid
    }
}

/// Which members of an object, or elements of an array, some schema has looked at.
struct EvaluationMarks {
    private var words: [UInt64] = []

    mutating func insert(_ index: Int) {
        let word = index / 64
        while words.count <= word { words.append(0) }
        words[word] |= 1 << UInt64(index % 64)
    }

    func contains(_ index: Int) -> Bool {
        let word = index / 64
        return word < words.count && words[word] & 1 << UInt64(index % 64) != 0
    }

    mutating func formUnion(_ other: EvaluationMarks) {
        while words.count < other.words.count { words.append(0) }
        for (index, word) in other.words.enumerated() { words[index] |= word }
    }
}

extension TypeSet {
    func matches(_ value: JSON) -> Bool {
        switch value {
        case .null: contains(.null)
        case .bool: contains(.boolean)
        case .number(let number): contains(.number) || (contains(.integer) && number.isIntegral)
        case .string: contains(.string)
        case .array: contains(.array)
        case .object: contains(.object)
        }
    }
}

extension JSONNumber {
    /// Exact where both have at most some thirty digits, else by doubles.
    func isMultiple(of factor: JSONNumber) -> Bool {
        if let value = integer, let factor = factor.integer { return factor != 0 && value % factor == 0 }
        if let isMultiple = decimal.isMultiple(of: factor.decimal) { return isMultiple }
        return (double / factor.double).rounded() * factor.double == double
    }
}

extension SchemaNode {
    /// What to call the schema in a message: its title, or the last part of its place where that is a name.
    var name: String? {
        if let title = annotations.title { return title }
        if case .reference(let reference)? = inPlace.first, inPlace.count == 1 { return reference.target.name }
        guard let last = location.pointer.tokens.last, JSONPointer.arrayIndex(last) == nil else { return nil }
        return last
    }

    /// Whether a property with this schema does not travel this way; `readOnly` may stand behind a reference.
    func isHidden(in direction: MessageDirection) -> Bool {
        var node = self
        for _ in 0..<8 {
            if direction == .request ? node.annotations.isReadOnly : node.annotations.isWriteOnly { return true }
            guard case .reference(let reference)? = node.inPlace.first, node.inPlace.count == 1 else { return false }
            node = reference.target
        }
        return false
    }
}

extension AllowedValues {
    /// `must be one of "a", "b"`.
    fileprivate var expectation: String {
        if values.isEmpty { return "cannot be valid: the schema allows no value here" }
        var shown = values.prefix(10).map { value in
            let text = value.text
            return text.utf8.count > 60 ? String(text.prefix(57)) + "…" : text
        }
        if values.count > 10 { shown.append("…") }
        return values.count == 1 ? "must be \(shown[0])" : "must be one of \(shown.joined(separator: ", "))"
    }
}

extension ObjectRules {
    fileprivate var unknownProperty: String {
        let known = properties.names.prefix(12)
        return known.isEmpty
            ? "is not a known property" : "is not a known property; known are \(known.joined(separator: ", "))"
    }
}
