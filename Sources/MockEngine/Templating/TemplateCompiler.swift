import JSON

/// Turns template text or JSON into a program.
struct TemplateCompiler {
    private(set) var program: TemplateProgram
    private var loops: [LoopNames] = []
    private var nesting = 0
    /// Operations from here on may be targets of jumps, so that bytes are not appended to the one before.
    private var fence = 0

    init(escaping: TemplateProgram.Escaping) { program = TemplateProgram(escaping: escaping) }

    // MARK: Text

    mutating func compile(text: String) throws(TemplateError) {
        let source = TemplateSource(text)
        guard source.bytes.count <= TemplateLimits.templateBytes else {
            throw .limit("the template is larger than \(TemplateLimits.templateBytes) bytes")
        }
        try compile(try TemplateScanner.pieces(of: source), source)
    }

    private mutating func compile(_ pieces: [TemplatePiece], _ source: TemplateSource) throws(TemplateError) {
        var open: [Block] = []
        for piece in pieces {
            switch piece {
            case .text(let text): literal(text)
            case .tag(let tag):
                switch tag.kind {
                case .expression:
                    try append(.insert(try ExpressionParser.expression(source, tag.content, loops: loops)))
                case .open:
                    open.append(try begin(tag, source))
                case .otherwise:
                    guard !open.isEmpty else { throw source.failure("{{else}} stands outside a block", at: tag.offset) }
                    try otherwise(&open[open.count - 1], tag, source)
                case .close:
                    let name = source.text(tag.content)
                    guard let block = open.popLast() else {
                        throw source.failure("{{/\(name)}} closes a block that is not open", at: tag.offset)
                    }
                    guard name == block.kind.rawValue else {
                        throw source.failure(
                            "{{/\(name)}} stands where {{/\(block.kind.rawValue)}} is expected", at: tag.offset)
                    }
                    try end(block)
                }
            }
        }
        if let block = open.last {
            let name = block.kind.rawValue
            throw source.failure("{{#\(name)}} is not closed with {{/\(name)}}", at: block.offset)
        }
    }

    // MARK: JSON

    mutating func compile(json: JSON) throws(TemplateError) {
        try value(json, [])
        guard program.constants.count <= TemplateLimits.templateBytes else {
            throw .limit("the template is larger than \(TemplateLimits.templateBytes) bytes")
        }
    }

    private mutating func value(_ json: JSON, _ path: [String]) throws(TemplateError) {
        guard path.count <= 256 else { throw .limit("the template is nested deeper than 256 levels") }
        switch json {
        case .null, .bool, .number: literal(json.bytes)
        case .string(let text): try string(text, path)
        case .array(let elements): try array(elements, path)
        case .object(let object): try self.object(object, path)
        }
    }

    private mutating func string(_ text: String, _ path: [String]) throws(TemplateError) {
        guard TemplateScanner.isTemplate(text) else { return literal(JSON.string(text).bytes) }
        let source = TemplateSource(text, pointer: JSONPointer(path))
        let pieces = try TemplateScanner.pieces(of: source)
        if pieces.count == 1, case .tag(let tag) = pieces[0], tag.kind == .expression {
            return try append(.insertTyped(try ExpressionParser.expression(source, tag.content, loops: loops)))
        }
        literal([UInt8(ascii: "\"")])
        try compile(
            pieces.map { piece in
                guard case .text(let text) = piece else { return piece }
                var escaped: [UInt8] = []
                JSON.writeEscaped(String(decoding: text, as: UTF8.self), to: &escaped)
                return .text(escaped)
            }, source)
        literal([UInt8(ascii: "\"")])
    }

    private mutating func array(_ elements: [JSON], _ path: [String]) throws(TemplateError) {
        literal([UInt8(ascii: "[")])
        // Commas are known beforehand unless a block decides how many elements there are.
        let isPlain = !elements.contains { Self.isBlock($0) }
        for (index, json) in elements.enumerated() {
            if isPlain {
                if index > 0 { literal([UInt8(ascii: ",")]) }
                try value(json, path + [String(index)])
            } else {
                try element(json, path + [String(index)])
            }
        }
        literal([UInt8(ascii: "]")])
    }

    /// An element with the comma before it, or a block of elements.
    private mutating func element(_ json: JSON, _ path: [String]) throws(TemplateError) {
        if case .object(let object) = json, Self.isBlock(json) {
            try block(object, path) { compiler, body, path throws(TemplateError) in
                try compiler.element(body, path)
            }
        } else {
            try append(.separate)
            try value(json, path)
        }
    }

    private mutating func object(_ object: JSONObject, _ path: [String]) throws(TemplateError) {
        if Self.isBlock(.object(object)) { return try blockValue(object, path) }
        literal([UInt8(ascii: "{")])
        for (index, member) in object.enumerated() {
            var key = member.key
            if TemplateScanner.isTemplate(key) {
                let source = TemplateSource(key, pointer: JSONPointer(path + [key]))
                let pieces = try TemplateScanner.pieces(of: source)
                guard pieces.count == 1, case .text(let text) = pieces[0] else {
                    throw source.failure(
                        "a member name is not a template; only an object that is nothing but {\"{{#each …}}\": …} (or "
                            + "#repeat, #if, #unless, with an \"{{else}}\" if need be) makes values", at: 0)
                }
                key = String(decoding: text, as: UTF8.self)
            }
            if index > 0 { literal([UInt8(ascii: ",")]) }
            literal(JSON.string(key).bytes)
            literal([UInt8(ascii: ":")])
            try value(member.value, path + [member.key])
        }
        literal([UInt8(ascii: "}")])
    }

    /// A block where one value is expected: a loop makes an array, a condition chooses a value or null.
    private mutating func blockValue(_ object: JSONObject, _ path: [String]) throws(TemplateError) {
        if Self.isLoop(object.keys[0]) {
            literal([UInt8(ascii: "[")])
            try element(.object(object), path)
            literal([UInt8(ascii: "]")])
        } else {
            try block(object, path, needsValue: true) { compiler, body, path throws(TemplateError) in
                try compiler.value(body, path)
            }
        }
    }

    private mutating func block(
        _ object: JSONObject, _ path: [String], needsValue: Bool = false,
        _ body: (inout TemplateCompiler, JSON, [String]) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        let source = TemplateSource(object.keys[0], pointer: JSONPointer(path + [object.keys[0]]))
        let pieces = try TemplateScanner.pieces(of: source)
        guard pieces.count == 1, case .tag(let tag) = pieces[0] else {
            throw source.failure("a block in JSON is one tag such as {{#each …}}", at: 0)
        }
        var block = try begin(tag, source)
        try body(&self, object.values[0], path + [object.keys[0]])
        for (key, alternative) in object.dropFirst() {
            let source = TemplateSource(key, pointer: JSONPointer(path + [key]))
            guard let piece = try TemplateScanner.pieces(of: source).first, case .tag(let tag) = piece,
                tag.kind == .otherwise
            else { throw source.failure("after a block only \"{{else}}\" members may follow", at: 0) }
            try otherwise(&block, tag, source)
            try body(&self, alternative, path + [key])
        }
        if needsValue, !block.hasElse {
            try beginAlternative(&block)
            literal(JSON.null.bytes)
        }
        try end(block)
    }

    private static func isBlock(_ json: JSON) -> Bool {
        guard case .object(let object) = json, let first = object.keys.first else { return false }
        let key = first.utf8.filter { !isSpace($0) && $0 != UInt8(ascii: "~") }
        return key.starts(with: "{{#".utf8)
            && object.keys.dropFirst().allSatisfy { TemplateScanner.isTemplate($0) && $0.contains("else") }
    }

    private static func isLoop(_ key: String) -> Bool {
        let name = key.utf8.drop { !(97...122).contains($0) }
        return name.starts(with: "each".utf8) || name.starts(with: "repeat".utf8)
    }

    // MARK: Blocks

    private struct Block {
        enum Kind: String, CaseIterable {
            case condition = "if"
            case negation = "unless"
            case each
            case repetition = "repeat"
        }

        let kind: Kind
        let offset: Int
        /// The operation that jumps to the next alternative, until that is known.
        var pending: Int?
        /// Jumps to the end.
        var exits: [Int] = []
        /// Where the body of a loop begins; nil once the loop is closed.
        var body: Int?
        var hasElse = false
    }

    private mutating func begin(_ tag: TemplateTag, _ source: TemplateSource) throws(TemplateError) -> Block {
        nesting += 1
        if nesting > TemplateLimits.nesting {
            throw source.failure("blocks are nested deeper than \(TemplateLimits.nesting) levels", at: tag.offset)
        }
        let bytes = source.bytes[tag.content]
        let word = source.text(tag.content.lowerBound..<(bytes.firstIndex(where: isSpace) ?? bytes.endIndex))
        guard tag.kind == .open, let kind = Block.Kind(rawValue: word) else {
            let hint = NearestName.hint(for: word, among: Block.Kind.allCases.map(\.rawValue))
            throw source.failure("there is no block '\(word)'\(hint)", at: tag.offset)
        }
        let content = tag.content.lowerBound + word.utf8.count..<tag.content.upperBound
        guard !content.isEmpty else { throw source.failure("{{#\(word)}} needs a value", at: tag.offset) }
        var block = Block(kind: kind, offset: tag.offset, pending: program.operations.count)
        switch kind {
        case .condition, .negation:
            let condition = try ExpressionParser.expression(source, content, loops: loops)
            try append(.branch(condition, holds: kind == .condition, otherwise: 0))
        case .each, .repetition:
            var parser = ExpressionParser(source, content, loops: loops)
            let (value, names) = try parser.loopHead()
            try append(kind == .each ? .each(value, whenEmpty: 0) : .repetition(value, whenEmpty: 0))
            loops.append(names)
            block.body = mark()
        }
        return block
    }

    private mutating func otherwise(
        _ block: inout Block, _ tag: TemplateTag, _ source: TemplateSource
    ) throws(TemplateError) {
        guard !block.hasElse else {
            throw source.failure("nothing can follow {{else}} but the end of its block", at: tag.offset)
        }
        try beginAlternative(&block)
        if tag.content.isEmpty {
            block.hasElse = true
            return
        }
        var content = tag.content
        while isSpace(source.bytes[content.lowerBound]) { content = content.lowerBound + 1..<content.upperBound }
        guard source.bytes[content].starts(with: "if ".utf8) else {
            throw source.failure("{{else}} may be followed only by 'if' and a condition", at: tag.offset)
        }
        let condition = try ExpressionParser.expression(
            source, content.lowerBound + 2..<content.upperBound, loops: loops)
        block.pending = program.operations.count
        try append(.branch(condition, holds: true, otherwise: 0))
    }

    /// Ends what came before: it jumps to the end, and where it did not hold the next operation follows.
    private mutating func beginAlternative(_ block: inout Block) throws(TemplateError) {
        try closeLoop(&block)
        block.exits.append(program.operations.count)
        try append(.jump(0))
        patch(block.pending)
        block.pending = nil
    }

    private mutating func end(_ block: Block) throws(TemplateError) {
        var block = block
        try closeLoop(&block)
        patch(block.pending)
        for exit in block.exits { patch(exit) }
        nesting -= 1
    }

    private mutating func closeLoop(_ block: inout Block) throws(TemplateError) {
        guard let body = block.body else { return }
        try append(.next(body: body))
        loops.removeLast()
        block.body = nil
    }

    /// Points the operation at `position` to what comes next.
    private mutating func patch(_ position: Int?) {
        guard let position else { return }
        let target = mark()
        switch program.operations[position] {
        case .jump: program.operations[position] = .jump(target)
        case .branch(let condition, let holds, _):
            program.operations[position] = .branch(condition, holds: holds, otherwise: target)
        case .each(let value, _): program.operations[position] = .each(value, whenEmpty: target)
        case .repetition(let value, _): program.operations[position] = .repetition(value, whenEmpty: target)
        case .literal, .insert, .insertTyped, .separate, .next: break
        }
    }

    private mutating func mark() -> Int {
        fence = program.operations.count
        return fence
    }

    private mutating func append(_ operation: TemplateProgram.Operation) throws(TemplateError) {
        guard program.operations.count < TemplateLimits.operations else {
            throw .limit("the template has more than \(TemplateLimits.operations) tags")
        }
        program.operations.append(operation)
    }

    private mutating func literal(_ bytes: [UInt8]) {
        let start = program.constants.count
        if program.escaping == .header {
            program.constants.append(contentsOf: bytes.filter(\.isAllowedInHeader))
        } else {
            program.constants.append(contentsOf: bytes)
        }
        let end = program.constants.count
        if program.operations.count > fence, case .literal(let range) = program.operations.last {
            program.operations[program.operations.count - 1] = .literal(range.lowerBound..<end)
        } else {
            program.operations.append(.literal(start..<end))
        }
    }
}

extension UInt8 {
    /// Tab and what is not a control character (RFC 9110 section 5.5).
    var isAllowedInHeader: Bool { self == 0x09 || (self >= 0x20 && self != 0x7F) }
}
