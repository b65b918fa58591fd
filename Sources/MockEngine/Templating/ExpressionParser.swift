import JSON

/// The names that an enclosing loop gives to its item and its index.
struct LoopNames {
    var item: String?
    var index: String?
}

/// Reads the inside of one tag.
struct ExpressionParser {
    private let source: TemplateSource
    private let loops: [LoopNames]
    private var offset: Int
    private let end: Int
    private var depth = 0

    init(_ source: TemplateSource, _ content: Range<Int>, loops: [LoopNames]) {
        self.source = source
        self.loops = loops
        offset = content.lowerBound
        end = content.upperBound
    }

    /// The whole content as one expression.
    static func expression(
        _ source: TemplateSource, _ content: Range<Int>, loops: [LoopNames]
    ) throws(TemplateError) -> TemplateExpression {
        var parser = ExpressionParser(source, content, loops: loops)
        let expression = try parser.call()
        try parser.expectEnd()
        return expression
    }

    /// An expression and the names after it: `list as |item index|`.
    mutating func loopHead() throws(TemplateError) -> (TemplateExpression, LoopNames) {
        let expression = try call()
        var names = LoopNames()
        skipSpace()
        if word(at: offset) == "as" {
            offset += 2
            skipSpace()
            guard consume(UInt8(ascii: "|")) else { throw failure("'as' is followed by |item| or |item index|") }
            skipSpace()
            names.item = try name()
            skipSpace()
            if !consume(UInt8(ascii: "|")) {
                names.index = try name()
                skipSpace()
                guard consume(UInt8(ascii: "|")) else { throw failure("the names of a loop end with |") }
            }
        }
        try expectEnd()
        return (expression, names)
    }

    /// A helper with its arguments, or one value.
    private mutating func call() throws(TemplateError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        if depth > TemplateLimits.nesting {
            throw failure("expressions are nested deeper than \(TemplateLimits.nesting) levels")
        }
        skipSpace()
        let start = offset
        guard let word = word(at: offset), !isLoopName(word) else { return try value() }
        if let helper = TemplateHelper(name: word) {
            offset += word.utf8.count
            return try arguments(of: helper, name: word, at: start)
        }
        var next = offset + word.utf8.count
        while next < end, isSpace(source.bytes[next]) { next += 1 }
        let hasArguments = next > offset + word.utf8.count && next < end && source.bytes[next] != UInt8(ascii: ")")
        if hasArguments, !Self.roots.contains(word) {
            throw source.failure("'\(word)' is not a helper\(hint(word))", at: start)
        }
        return try value()
    }

    private mutating func arguments(
        of helper: TemplateHelper, name: String, at start: Int
    ) throws(TemplateError) -> TemplateExpression {
        var arguments: [TemplateExpression] = []
        var options: [String: TemplateExpression] = [:]
        while true {
            skipSpace()
            guard offset < end, source.bytes[offset] != UInt8(ascii: ")") else { break }
            let place = offset
            if let option = word(at: offset) {
                let next = offset + option.utf8.count
                if next < end, source.bytes[next] == UInt8(ascii: "=") {
                    guard helper.options.contains(option) else {
                        let hint = NearestName.hint(for: option, among: helper.options)
                        throw source.failure("'\(name)' has no option '\(option)'\(hint)", at: place)
                    }
                    offset = next + 1
                    options[option] = try value()
                    continue
                }
                if option == "as", !isLoopName(option) { break }
            }
            arguments.append(try value())
        }
        let range = helper.arguments
        guard range.contains(arguments.count) else {
            let expected =
                range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw source.failure(
                "'\(name)' takes \(expected) argument\(expected == "1" ? "" : "s"), not \(arguments.count)", at: start)
        }
        switch helper {
        case .now: return try now(options, at: start)
        case .fake: return try fake(arguments[0], at: start)
        case .jsonPath: return try selection(arguments, at: start)
        case .randomFloat:
            if arguments.isEmpty { arguments = [.constant(0), .constant(1)] }
            if arguments.count == 1 { arguments.insert(.constant(0), at: 0) }
            return .call(helper, arguments + [options["decimals"] ?? .constant(2)])
        case .randomInt:
            if arguments.isEmpty { arguments = [.constant(0), .constant(100)] }
            if arguments.count == 1 { arguments.insert(.constant(0), at: 0) }
            return .call(helper, arguments)
        default: return .call(helper, arguments)
        }
    }

    private func now(_ options: [String: TemplateExpression], at start: Int) throws(TemplateError) -> TemplateExpression
    {
        var format = TimeFormat.rfc3339
        var offset = TimeOffset()
        if let option = options["format"] {
            guard case .constant(.string(let text)) = option else {
                throw source.failure("'format' must be a text in quotes", at: start)
            }
            do { format = try TimeFormat(text) } catch { throw source.failure(error.message, at: start) }
        }
        if let option = options["offset"] {
            guard case .constant(.string(let text)) = option else {
                throw source.failure("'offset' must be a text in quotes, such as \"-3 days\"", at: start)
            }
            do { offset = try TimeOffset(text) } catch { throw source.failure(error.message, at: start) }
        }
        return .now(format, offset)
    }

    private func fake(_ argument: TemplateExpression, at start: Int) throws(TemplateError) -> TemplateExpression {
        guard case .constant(.string(let name)) = argument else {
            throw source.failure("'fake' takes a kind in quotes, such as \"name.full_name\"", at: start)
        }
        guard let kind = FakeKind(name: name) else {
            let hint = NearestName.hint(for: name, among: FakeKind.allCases.map(\.rawValue))
            throw source.failure("there is no fake data of the kind '\(name)'\(hint)", at: start)
        }
        return .fake(kind)
    }

    private func selection(
        _ arguments: [TemplateExpression], at start: Int
    ) throws(TemplateError) -> TemplateExpression {
        guard case .constant(.string(let text)) = arguments[1] else {
            throw source.failure("'json_path' takes a value and a path in quotes, such as '$.items[*]'", at: start)
        }
        do {
            return .selection(arguments[0], try JSONPath(text))
        } catch { throw source.failure("'\(text)' is not a JSONPath: \(error)", at: start) }
    }

    /// A literal, a path, or an expression in parentheses.
    private mutating func value() throws(TemplateError) -> TemplateExpression {
        skipSpace()
        guard offset < end else { throw failure("a value is expected") }
        let byte = source.bytes[offset]
        switch byte {
        case UInt8(ascii: "("):
            offset += 1
            let expression = try call()
            skipSpace()
            guard consume(UInt8(ascii: ")")) else { throw failure("')' is expected") }
            return expression
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return .constant(.string(try quoted(byte)))
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            return .constant(.number(try number()))
        default:
            return try path()
        }
    }

    private mutating func quoted(_ quote: UInt8) throws(TemplateError) -> String {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while offset < end {
            var byte = source.bytes[offset]
            offset += 1
            if byte == quote { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), offset < end {
                byte = source.bytes[offset]
                offset += 1
                switch byte {
                case UInt8(ascii: "n"): byte = UInt8(ascii: "\n")
                case UInt8(ascii: "r"): byte = UInt8(ascii: "\r")
                case UInt8(ascii: "t"): byte = UInt8(ascii: "\t")
                default: break
                }
            }
            text.append(byte)
        }
        throw source.failure("the text is not closed with \(quote == UInt8(ascii: "'") ? "'" : "\"")", at: start)
    }

    private mutating func number() throws(TemplateError) -> JSONNumber {
        let start = offset
        while offset < end, !isSpace(source.bytes[offset]), source.bytes[offset] != UInt8(ascii: ")") { offset += 1 }
        let text = source.text(start..<offset)
        guard let value = try? JSON.parse(text).number else {
            throw source.failure("'\(text)' is not a number", at: start)
        }
        return value
    }

    private mutating func path() throws(TemplateError) -> TemplateExpression {
        let start = offset
        guard let root = word(at: offset) else {
            throw failure("'\(source.text(offset..<offset + 1))' cannot begin a value")
        }
        offset += root.utf8.count
        let steps = try steps()
        if let loop = loops.lastIndex(where: { $0.item == root }) { return .item(loop: loop, steps.map(PathStep.init)) }
        if let loop = loops.lastIndex(where: { $0.index == root }), steps.isEmpty { return .loop(loop, .index) }
        switch root {
        case "true" where steps.isEmpty: return .constant(true)
        case "false" where steps.isEmpty: return .constant(false)
        case "null" where steps.isEmpty: return .constant(.null)
        case "request": return .request(try request(steps, at: start))
        case "this":
            guard !loops.isEmpty else {
                throw source.failure("'this' has a meaning only inside {{#each}} and {{#repeat}}", at: start)
            }
            return .item(loop: loops.count - 1, steps.map(PathStep.init))
        default: break
        }
        if let value = LoopValue(rawValue: root), steps.isEmpty {
            guard !loops.isEmpty else {
                throw source.failure("'\(root)' has a meaning only inside {{#each}} and {{#repeat}}", at: start)
            }
            return .loop(loops.count - 1, value)
        }
        if let helper = TemplateHelper(name: root), steps.isEmpty {
            guard helper.arguments.lowerBound == 0 else {
                throw source.failure("a helper inside an expression needs parentheses: (\(root) …)", at: start)
            }
            return try arguments(of: helper, withoutArgumentsNamed: root, at: start)
        }
        throw source.failure("'\(root)' is not known\(hint(root))", at: start)
    }

    /// A helper as an argument without parentheses: what follows belongs to the outer helper.
    private func arguments(
        of helper: TemplateHelper, withoutArgumentsNamed name: String, at start: Int
    ) throws(TemplateError) -> TemplateExpression {
        var parser = ExpressionParser(source, start..<start, loops: loops)
        return try parser.arguments(of: helper, name: name, at: start)
    }

    private mutating func steps() throws(TemplateError) -> [String] {
        var steps: [String] = []
        while offset < end {
            let start = offset
            let hasDot = consume(UInt8(ascii: "."))
            if consume(UInt8(ascii: "[")) {
                if offset < end, source.bytes[offset] == UInt8(ascii: "'") || source.bytes[offset] == UInt8(ascii: "\"")
                {
                    steps.append(try quoted(source.bytes[offset]))
                    guard consume(UInt8(ascii: "]")) else { throw failure("']' is expected") }
                    continue
                }
                guard let close = source.bytes[offset..<end].firstIndex(of: UInt8(ascii: "]")) else {
                    throw source.failure("the '[' is not closed with ]", at: start)
                }
                steps.append(source.text(offset..<close))
                offset = close + 1
            } else if hasDot {
                let nameStart = offset
                while offset < end, isNameByte(source.bytes[offset]) { offset += 1 }
                guard offset > nameStart else { throw failure("a name is expected after '.'") }
                steps.append(source.text(nameStart..<offset))
            } else {
                break
            }
            if steps.count > 64 { throw source.failure("the path has more than 64 steps", at: start) }
        }
        return steps
    }

    private func request(_ steps: [String], at start: Int) throws(TemplateError) -> RequestValue {
        guard let member = steps.first else {
            throw source.failure("'request' needs a member, such as request.body", at: start)
        }
        let rest = Array(steps.dropFirst())
        switch member {
        case "body": return .body(rest.map(PathStep.init))
        case "path_params", "pathParams", "path_parameters":
            return try field(.pathParameters, rest, hasIndex: false, at: start)
        case "query": return try field(.query, rest, hasIndex: true, at: start)
        case "headers": return try field(.headers, rest.map { $0.lowercased() }, hasIndex: true, at: start)
        case "cookies": return try field(.cookies, rest, hasIndex: false, at: start)
        case "form": return try field(.form, rest, hasIndex: true, at: start)
        case "path_segments", "pathSegments":
            guard let text = rest.first else { return .pathSegment(nil) }
            guard let index = Int(text), index >= 0, rest.count == 1 else {
                throw source.failure("a path segment is named by its index: request.path_segments.[0]", at: start)
            }
            return .pathSegment(index)
        case "method", "path", "host", "url", "query_string":
            guard rest.isEmpty else { throw source.failure("'request.\(member)' has no members", at: start) }
            return switch member {
            case "method": .method
            case "path": .path
            case "host": .host
            case "url": .url
            default: .queryString
            }
        default:
            let hint = NearestName.hint(for: member, among: RequestValue.memberNames)
            throw source.failure("'request.\(member)' is not known\(hint)", at: start)
        }
    }

    private func field(
        _ fields: RequestFields, _ steps: [String], hasIndex: Bool, at start: Int
    ) throws(TemplateError) -> RequestValue {
        guard let name = steps.first else { return .field(fields, name: nil, index: 0) }
        guard steps.count > 1 else { return .field(fields, name: name, index: 0) }
        guard hasIndex, steps.count == 2, let index = Int(steps[1]), index >= 0 else {
            throw source.failure("'\(name)' is a text and has no members", at: start)
        }
        return .field(fields, name: name, index: index)
    }

    // MARK: Words

    private static let roots = ["request", "this", "true", "false", "null"] + LoopValue.allCases.map(\.rawValue)

    private func isLoopName(_ word: String) -> Bool { loops.contains { $0.item == word || $0.index == word } }

    private func hint(_ word: String) -> String {
        let names = loops.flatMap { [$0.item, $0.index] }.compactMap(\.self)
        let hint = NearestName.hint(for: word, among: TemplateHelper.allCases.map(\.rawValue) + Self.roots + names)
        return hint.isEmpty && !loops.isEmpty ? " (a member of the item is 'this.\(word)')" : hint
    }

    private mutating func name() throws(TemplateError) -> String {
        guard let name = word(at: offset), !name.hasPrefix("@"), name != "this", name != "request" else {
            throw failure("a name of your own is expected")
        }
        offset += name.utf8.count
        return name
    }

    /// The name that begins at `position`; nil when none does.
    private func word(at position: Int) -> String? {
        guard position < end else { return nil }
        let first = source.bytes[position]
        guard first == UInt8(ascii: "@") || (isNameByte(first) && !(48...57).contains(first) && first != 45) else {
            return nil
        }
        var last = position + 1
        while last < end, isNameByte(source.bytes[last]) { last += 1 }
        return source.text(position..<last)
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57,
            UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while offset < end, isSpace(source.bytes[offset]) { offset += 1 }
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard offset < end, source.bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    private mutating func expectEnd() throws(TemplateError) {
        skipSpace()
        if offset < end { throw failure("'\(source.text(offset..<end))' is not expected here") }
    }

    private func failure(_ message: String) -> TemplateError { source.failure(message, at: offset) }
}
