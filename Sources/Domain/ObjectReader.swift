package import JSON

/// Collects everything that is wrong with an input, so that the answer lists it all at once.
package final class Violations {
    package private(set) var list: [Violation] = []
    /// A stranger's body with a million wrong elements must not make a million objects.
    private static let limit = 100

    package init() {}

    package func add(_ pointer: JSONPointer, _ code: String, _ message: String) {
        add(Violation(pointer, code, message))
    }

    /// For places that are no JSON pointer: query parameters and headers.
    package func add(_ violation: Violation) {
        if list.count < Self.limit { list.append(violation) }
    }

    package func throwIfAny() throws(Problem) {
        if !list.isEmpty { throw Problem.invalid(list) }
    }
}

/// Reads the members of a JSON object, noting each violation and refusing unknown members by name.
///
/// Every reading method returns nil both for an absent member and for a wrong one; a wrong one has been noted.
package struct ObjectReader {
    package let object: JSONObject
    package let pointer: JSONPointer
    package let violations: Violations

    /// Nil, with a violation noted, when `json` is not an object.
    package init?(_ json: JSON, at pointer: JSONPointer = .root, known: [String], violations: Violations) {
        guard let object = json.object else {
            violations.add(pointer, "invalid_type", "must be an object, is \(json.typeName)")
            return nil
        }
        self.object = object
        self.pointer = pointer
        self.violations = violations
        for key in object.keys where !known.contains(key) {
            let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
            violations.add(pointer / key, "unknown_field", "is not a known field; known are \(names)")
        }
    }

    /// The member, present and not null.
    package func value(_ key: String, required: Bool = false) -> JSON? {
        if let value = object[key], !value.isNull { return value }
        if required { violations.add(pointer / key, "required", "is required") }
        return nil
    }

    /// True when the member is there and null: what JSON Merge Patch means by "remove".
    package func isNull(_ key: String) -> Bool { object[key]?.isNull ?? false }

    package func string(_ key: String, required: Bool = false, length: ClosedRange<Int> = 0...10_000) -> String? {
        guard let value = value(key, required: required) else { return nil }
        guard let string = value.string else { return refuseType(key, "a string", value) }
        guard length.contains(string.count) else {
            let code = string.count < length.lowerBound ? "too_short" : "too_long"
            violations.add(
                pointer / key, code,
                "must have \(length.lowerBound) to \(length.upperBound) characters, has \(string.count)")
            return nil
        }
        return string
    }

    package func integer(_ key: String, required: Bool = false, in range: ClosedRange<Int> = .min ... .max) -> Int? {
        guard let value = value(key, required: required) else { return nil }
        guard let integer = value.integer else { return refuseType(key, "an integer", value) }
        guard range.contains(integer) else {
            violations.add(
                pointer / key, "out_of_range", "must be from \(range.lowerBound) to \(range.upperBound), is \(integer)")
            return nil
        }
        return integer
    }

    package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.number?.double else { return refuseType(key, "a number", value) }
        guard range.contains(number) else {
            violations.add(pointer / key, "out_of_range", "must be from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    package func bool(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let bool = value.bool else { return refuseType(key, "true or false", value) }
        return bool
    }

    package func array(_ key: String, required: Bool = false, count: ClosedRange<Int> = 0...1000) -> [JSON]? {
        guard let value = value(key, required: required) else { return nil }
        guard let array = value.array else { return refuseType(key, "an array", value) }
        guard count.contains(array.count) else {
            violations.add(
                pointer / key, array.count < count.lowerBound ? "too_few" : "too_many",
                "must have \(count.lowerBound) to \(count.upperBound) elements, has \(array.count)")
            return nil
        }
        return array
    }

    package func object(_ key: String, required: Bool = false) -> JSONObject? {
        guard let value = value(key, required: required) else { return nil }
        guard let object = value.object else { return refuseType(key, "an object", value) }
        return object
    }

    /// One of the raw values of `type`.
    package func choice<Choice>(_ key: String, _ type: Choice.Type, required: Bool = false) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let value = value(key, required: required) else { return nil }
        guard let text = value.string else { return refuseType(key, "a string", value) }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            violations.add(pointer / key, "invalid_value", "must be one of \(names)")
            return nil
        }
        return choice
    }

    /// A reader for the object at `key`.
    package func reader(_ key: String, known: [String], required: Bool = false) -> ObjectReader? {
        guard let value = value(key, required: required) else { return nil }
        return ObjectReader(value, at: pointer / key, known: known, violations: violations)
    }

    package func refuse(_ key: String, _ code: String, _ message: String) {
        violations.add(pointer / key, code, message)
    }

    private func refuseType<Value>(_ key: String, _ expected: String, _ value: JSON) -> Value? {
        violations.add(pointer / key, "invalid_type", "must be \(expected), is \(value.typeName)")
        return nil
    }
}
