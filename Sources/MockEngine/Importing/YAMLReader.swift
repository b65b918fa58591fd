import JSON

/// Builds a JSON value from YAML text: the core schema of YAML 1.2, with merge keys.
///
/// Dates, `yes`, `no`, `on` and `off` are strings; the names of members are strings whatever they look like. Anchors and aliases are
/// allowed, but what they expand to is counted before it is built.
struct YAMLReader: ~Copyable {
    /// A built value with its lines and what it costs to write it out.
    private struct Built {
        var value: JSON
        var lines: LineTree
        /// Roughly the bytes of the value as JSON text, aliases expanded.
        var size: Int
        /// Levels of nesting in the value; 0 for a scalar.
        var height: Int
    }

    private static let depthLimit = 128
    /// What all aliases of a file may add to it, in bytes of JSON text.
    private static let aliasLimit = 16 << 20

    private var events: YAMLEvents
    private var anchors: [String: Built] = [:]
    private var aliasSize = 0

    /// The one document of `bytes`, which must be valid UTF-8.
    static func read(_ bytes: [UInt8]) throws(YAMLFailure) -> (JSON, LineTree) {
        let result: Result<(JSON, LineTree), YAMLFailure> = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(YAMLFailure) in
                var reader = YAMLReader(events: YAMLEvents(buffer))
                return try reader.document()
            }
        }
        return try result.get()
    }

    private init(events: consuming YAMLEvents) { self.events = events }

    private mutating func document() throws(YAMLFailure) -> (JSON, LineTree) {
        let start = try events.next()
        guard case .documentStart = start.kind else { throw Self.failure("the file is empty", start) }
        let built = try value(events.next(), depth: 0)
        _ = try events.next()
        let end = try events.next()
        guard case .streamEnd = end.kind else {
            throw Self.failure("a second document begins; only one in a file can be imported", end)
        }
        return (built.value, built.lines)
    }

    private mutating func value(_ event: YAMLEvent, depth: Int) throws(YAMLFailure) -> Built {
        let built: Built
        let name: String?
        switch event.kind {
        case .alias(let alias):
            return try expansion(of: alias, event, depth: depth)
        case .scalar(let scalar, let anchor):
            built = Built(
                value: scalar.json, lines: LineTree(line: event.line), size: scalar.text.utf8.count + 4, height: 0)
            name = anchor
        case .sequenceStart(let anchor):
            built = try sequence(event, depth: depth)
            name = anchor
        case .mappingStart(let anchor):
            built = try mapping(event, depth: depth)
            name = anchor
        default:
            throw Self.failure("a value is expected", event)
        }
        if let name { anchors[name] = built }
        return built
    }

    private mutating func expansion(
        of alias: String, _ event: YAMLEvent, depth: Int
    ) throws(YAMLFailure) -> Built {
        guard var built = anchors[alias] else {
            throw Self.failure("the alias *\(alias) has no anchor &\(alias) that ends before it", event)
        }
        aliasSize += built.size
        guard aliasSize <= Self.aliasLimit else {
            throw Self.failure("the aliases of the file expand to more than \(Self.aliasLimit >> 20) MiB", event)
        }
        try check(depth: depth + built.height, event)
        built.lines.line = event.line
        return built
    }

    private func check(depth: Int, _ event: YAMLEvent) throws(YAMLFailure) {
        if depth > Self.depthLimit {
            throw Self.failure("nesting is deeper than \(Self.depthLimit) levels", event)
        }
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLFailure) -> Built {
        try check(depth: depth + 1, start)
        var elements: [JSON] = []
        var result = Built(value: .null, lines: LineTree(line: start.line), size: 2, height: 1)
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try value(event, depth: depth + 1)
            elements.append(element.value)
            result.lines.children.append(element.lines)
            result.size += element.size + 1
            result.height = max(result.height, element.height + 1)
        }
        result.value = .array(elements)
        return result
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLFailure) -> Built {
        try check(depth: depth + 1, start)
        var members = Members()
        var result = Built(value: .null, lines: LineTree(line: start.line), size: 2, height: 1)
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try self.key(event)
            var member = try value(events.next(), depth: depth + 1)
            result.size += key.text.utf8.count + member.size + 4
            result.height = max(result.height, member.height + 1)
            if key.isMerge {
                guard members.merge(member.value, member.lines) else {
                    throw Self.failure("the value of << must be a mapping or a list of mappings", event)
                }
                continue
            }
            member.lines.line = event.line
            guard members.add(key.text, member.value, member.lines) else {
                throw Self.failure("the key \"\(key.text)\" stands twice in one mapping", event)
            }
        }
        result.value = .object(members.object)
        result.lines.children = members.lines
        return result
    }

    private mutating func key(_ event: YAMLEvent) throws(YAMLFailure) -> (text: String, isMerge: Bool) {
        switch event.kind {
        case .scalar(let scalar, let anchor):
            if let anchor {
                anchors[anchor] = Built(
                    value: scalar.json, lines: LineTree(line: event.line), size: scalar.text.utf8.count + 4, height: 0)
            }
            return (scalar.text, scalar.isPlain && scalar.tag == nil && scalar.text == "<<")
        case .alias(let alias):
            guard let text = anchors[alias]?.value.string else {
                throw Self.failure("an alias that is used as a key must stand for a string", event)
            }
            return (text, false)
        default:
            throw Self.failure("a key must be a scalar, not a list or a mapping", event)
        }
    }

    private static func failure(_ message: String, _ event: YAMLEvent) -> YAMLFailure {
        YAMLFailure(message: message, line: event.line, column: event.column)
    }
}

/// The members of a mapping as they come, with those that merge keys bring.
private struct Members {
    private(set) var object = JSONObject()
    private(set) var lines: [LineTree] = []
    /// Positions of the names that a merge brought; a name written in the mapping itself replaces them, wherever it stands.
    private var merged: [String: Int] = [:]

    /// False when the mapping has the name already.
    mutating func add(_ key: String, _ value: JSON, _ line: LineTree) -> Bool {
        if let position = merged.removeValue(forKey: key) {
            lines[position] = line
        } else if object.contains(key) {
            return false
        } else {
            lines.append(line)
        }
        object[key] = value
        return true
    }

    /// False when `value` is not a mapping or a list of mappings. Of two in a list the earlier wins.
    mutating func merge(_ value: JSON, _ tree: LineTree) -> Bool {
        switch value {
        case .object(let source):
            for (index, member) in source.enumerated() where !object.contains(member.key) {
                merged[member.key] = object.count
                object[member.key] = member.value
                lines.append(tree.children[index])
            }
            return true
        case .array(let sources):
            return zip(sources, tree.children).allSatisfy { source, lines in
                source.object != nil && merge(source, lines)
            }
        default:
            return false
        }
    }
}

extension YAMLScalar {
    /// The value by the core schema; a string where the scalar is quoted, tagged otherwise, or looks like nothing else.
    fileprivate var json: JSON {
        switch tag {
        case nil: return isPlain ? resolved : .string(text)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            return resolved
        default: return .string(text)
        }
    }

    private var resolved: JSON {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16), !text.contains("-") {
            return JSON(value)
        }
        if text.hasPrefix("0o"), let value = Int(text.dropFirst(2), radix: 8), !text.contains("-") {
            return JSON(value)
        }
        return Self.numberLiteral(text).map { .number(JSONNumber(validLiteral: $0)) } ?? .string(text)
    }

    /// `text` in JSON's spelling of numbers when it is one in YAML's, which also has `+1`, `.5`, `1.` and `007`.
    private static func numberLiteral(_ text: String) -> String? {
        var rest = Substring(text)
        var literal = ""
        if rest.first == "-" || rest.first == "+" {
            if rest.removeFirst() == "-" { literal = "-" }
        }
        let whole = digits(&rest)
        var fraction = ""
        var hasPoint = false
        if rest.first == "." {
            rest.removeFirst()
            hasPoint = true
            fraction = digits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let significant = whole.drop { $0 == "0" }
        literal += significant.isEmpty ? "0" : significant
        if hasPoint { literal += "." + (fraction.isEmpty ? "0" : fraction) }
        if rest.first == "e" || rest.first == "E" {
            literal.append(rest.removeFirst())
            if rest.first == "-" || rest.first == "+" { literal.append(rest.removeFirst()) }
            let exponent = digits(&rest)
            guard !exponent.isEmpty else { return nil }
            literal += exponent
        }
        return rest.isEmpty ? literal : nil
    }

    private static func digits(_ text: inout Substring) -> String {
        let digits = text.prefix { $0 >= "0" && $0 <= "9" }
        text = text.dropFirst(digits.count)
        return String(digits)
    }
}
