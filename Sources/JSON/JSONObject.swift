/// The members of a JSON object in the order they were written. Keys are unique; equality ignores order.
package struct JSONObject: Sendable {
    package private(set) var keys: [String] = []
    package private(set) var values: [JSON] = []
    /// Positions by key, kept only when a linear search would be slower.
    private var positions: [MemberName: Int]?

    private static let linearSearchLimit = 12

    package init() {}

    /// Later members replace earlier ones with the same key, at the earlier place.
    package init(_ members: some Sequence<(String, JSON)>) {
        for (key, value) in members { self[key] = value }
    }

    /// Takes members whose keys the caller knows to be unique.
    init(uniqueKeys keys: [String], values: [JSON]) {
        self.keys = keys
        self.values = values
        if keys.count > Self.linearSearchLimit { rebuildPositions() }
    }

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    /// Reads a member; writing appends, replaces in place, or with nil removes.
    package subscript(key: String) -> JSON? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                values[position] = value
            case (let position?, nil):
                keys.remove(at: position)
                values.remove(at: position)
                if positions != nil { rebuildPositions() }
            case (nil, let value?):
                keys.append(key)
                values.append(value)
                if positions != nil {
                    positions![MemberName(text: key)] = keys.count - 1
                } else if keys.count > Self.linearSearchLimit {
                    rebuildPositions()
                }
            case (nil, nil):
                break
            }
        }
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[MemberName(text: key)] }
        return keys.firstIndex { $0.isSpelled(like: key) }
    }

    private mutating func rebuildPositions() {
        var result = [MemberName: Int](minimumCapacity: keys.count)
        for (position, key) in keys.enumerated() { result[MemberName(text: key)] = position }
        positions = result
    }
}

/// A name as JSON compares it: by code points.
struct MemberName: Hashable {
    let text: String

    static func == (left: MemberName, right: MemberName) -> Bool { left.text.isSpelled(like: right.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension JSONObject: RandomAccessCollection {
    package typealias Element = (key: String, value: JSON)

    package var startIndex: Int { 0 }
    package var endIndex: Int { keys.count }

    package subscript(position: Int) -> Element { (keys[position], values[position]) }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if left.keys.elementsEqual(right.keys, by: { $0.isSpelled(like: $1) }) { return left.values == right.values }
        return left.allSatisfy { right[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        var unordered = 0
        for (key, value) in self {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            unordered ^= member.finalize()
        }
        hasher.combine(count)
        hasher.combine(unordered)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
