import JSON

/// One run of a query. Counts what it looks at, and from the limit on yields nothing more.
struct JSONPathEvaluation {
    private let root: JSON
    private var remaining: Int
    /// Patterns that were read from the data; nil for those that cannot be used.
    private var patterns: [PatternKey: RegularExpression?] = [:]

    private struct PatternKey: Hashable {
        var text: String
        var isWhole: Bool
    }

    /// Compiling costs about as much as looking at so many nodes.
    private static let compilationCost = 2000

    init(root: JSON, limit: Int) {
        self.root = root
        remaining = limit
    }

    var isExhausted: Bool { remaining < 0 }

    private mutating func charge(_ steps: Int = 1) { remaining -= steps }

    mutating func nodes(_ segments: [JSONPathSegment], from start: JSON) -> [JSON] {
        var nodes = [start]
        for segment in segments {
            var next: [JSON] = []
            for node in nodes {
                if segment.isDescendant {
                    selectBelow(node, segment.selectors, into: &next)
                } else {
                    select(node, segment.selectors, into: &next)
                }
                if isExhausted { return [] }
            }
            nodes = next
        }
        return nodes
    }

    private mutating func selectBelow(_ node: JSON, _ selectors: [JSONPathSelector], into result: inout [JSON]) {
        charge()
        if isExhausted { return }
        select(node, selectors, into: &result)
        switch node {
        case .array(let elements):
            for element in elements { selectBelow(element, selectors, into: &result) }
        case .object(let object):
            for value in object.values { selectBelow(value, selectors, into: &result) }
        case .null, .bool, .number, .string: break
        }
    }

    private mutating func select(_ node: JSON, _ selectors: [JSONPathSelector], into result: inout [JSON]) {
        for selector in selectors {
            charge()
            switch selector {
            case .name(let name):
                if let value = node[name] { result.append(value) }
            case .index(let index):
                guard let array = node.array else { break }
                let place = index < 0 ? array.count + index : index
                if array.indices.contains(place) { result.append(array[place]) }
            case .wildcard:
                let children = Self.children(of: node)
                charge(children.count)
                result += children
            case .slice(let start, let end, let step):
                guard let array = node.array else { break }
                slice(array, start, end, step, into: &result)
            case .filter(let condition):
                for child in Self.children(of: node) where !isExhausted && holds(condition, child) {
                    result.append(child)
                }
            }
        }
    }

    private static func children(of node: JSON) -> [JSON] {
        switch node {
        case .array(let elements): elements
        case .object(let object): object.values
        case .null, .bool, .number, .string: []
        }
    }

    /// RFC 9535 section 2.3.4.2.2.
    private mutating func slice(_ array: [JSON], _ start: Int?, _ end: Int?, _ step: Int, into result: inout [JSON]) {
        let count = array.count
        func place(_ index: Int) -> Int { index >= 0 ? index : count + index }
        if step > 0 {
            let lower = min(max(place(start ?? 0), 0), count)
            let upper = min(max(place(end ?? count), 0), count)
            for index in stride(from: lower, to: upper, by: step) {
                charge()
                result.append(array[index])
            }
        } else if step < 0 {
            let upper = min(max(start.map(place) ?? count - 1, -1), count - 1)
            let lower = min(max(end.map(place) ?? -1, -1), count - 1)
            for index in stride(from: upper, to: lower, by: step) {
                charge()
                result.append(array[index])
            }
        }
    }

    // MARK: Filters

    private mutating func holds(_ condition: JSONPathCondition, _ node: JSON) -> Bool {
        charge()
        if isExhausted { return false }
        switch condition {
        case .any(let conditions):
            for condition in conditions where holds(condition, node) { return true }
            return false
        case .all(let conditions):
            for condition in conditions where !holds(condition, node) { return false }
            return true
        case .not(let condition): return !holds(condition, node)
        case .exists(let query): return !nodes(query, node).isEmpty
        case .compare(let left, let comparison, let right):
            return compare(value(left, node), comparison, value(right, node))
        case .matches(let subject, let pattern, let isWhole):
            guard case .string(let text)? = value(subject, node) else { return false }
            charge(text.utf8.count / 16)
            return expression(pattern, node, isWhole)?.found(in: text) ?? false
        }
    }

    private mutating func nodes(_ query: JSONPathQuery, _ node: JSON) -> [JSON] {
        nodes(query.segments, from: query.isRelative ? node : root)
    }

    private mutating func value(_ operand: JSONPathOperand, _ node: JSON) -> JSON? {
        switch operand {
        case .literal(let value): return value
        case .query(let query): return nodes(query, node).first
        case .count(let query): return JSON(nodes(query, node).count)
        case .value(let query):
            let nodes = nodes(query, node)
            guard nodes.count == 1 else { return Optional.none }
            return nodes[0]
        case .length(let operand):
            switch value(operand, node) {
            case .string(let text)?:
                charge(text.utf8.count / 16)
                return JSON(text.unicodeScalars.count)
            case .array(let array)?: return JSON(array.count)
            case .object(let object)?: return JSON(object.count)
            case .null?, .bool?, .number?, nil: return nil
            }
        }
    }

    private mutating func expression(_ pattern: JSONPathPattern, _ node: JSON, _ isWhole: Bool) -> RegularExpression? {
        switch pattern {
        case .compiled(let expression): return expression
        case .operand(let operand):
            guard case .string(let text)? = value(operand, node) else { return nil }
            let key = PatternKey(text: text, isWhole: isWhole)
            if let known = patterns[key] { return known }
            charge(Self.compilationCost)
            if isExhausted { return nil }
            let expression = try? JSONPathPattern.compile(text, isWhole: isWhole)
            patterns[key] = .some(expression)
            return expression
        }
    }

    // MARK: Comparison (RFC 9535 section 2.3.5.2.2)

    private mutating func compare(_ left: JSON?, _ comparison: JSONPathComparison, _ right: JSON?) -> Bool {
        switch comparison {
        case .equal: isEqual(left, right)
        case .notEqual: !isEqual(left, right)
        case .less: isLess(left, right)
        case .greater: isLess(right, left)
        case .lessOrEqual: isLess(left, right) || isEqual(left, right)
        case .greaterOrEqual: isLess(right, left) || isEqual(left, right)
        }
    }

    /// Nothing equals nothing.
    private mutating func isEqual(_ left: JSON?, _ right: JSON?) -> Bool {
        charge()
        if isExhausted { return false }
        switch (left, right) {
        case (nil, nil), (.null?, .null?): return true
        case (.bool(let a)?, .bool(let b)?): return a == b
        case (.number(let a)?, .number(let b)?): return a == b
        case (.string(let a)?, .string(let b)?):
            charge(min(a.utf8.count, b.utf8.count) / 16)
            // Swift's equality alone would take two spellings of an accented letter for the same.
            return a.utf8.count == b.utf8.count && a == b
        case (.array(let a)?, .array(let b)?):
            guard a.count == b.count else { return false }
            for index in a.indices where !isEqual(a[index], b[index]) { return false }
            return true
        case (.object(let a)?, .object(let b)?):
            guard a.count == b.count else { return false }
            for (key, value) in a {
                guard let other = b[key], isEqual(value, other) else { return false }
            }
            return true
        default: return false
        }
    }

    private mutating func isLess(_ left: JSON?, _ right: JSON?) -> Bool {
        switch (left, right) {
        case (.number(let a)?, .number(let b)?): return a < b
        case (.string(let a)?, .string(let b)?):
            charge(min(a.utf8.count, b.utf8.count) / 16)
            // The order of UTF-8 bytes is that of Unicode scalar values.
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        default: return false
        }
    }
}
