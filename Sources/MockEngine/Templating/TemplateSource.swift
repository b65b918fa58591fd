import JSON

/// The text of one template or one string of a JSON template, with which errors find their place.
struct TemplateSource {
    let bytes: [UInt8]
    let pointer: JSONPointer

    init(_ text: String, pointer: JSONPointer = JSONPointer([])) {
        bytes = Array(text.utf8)
        self.pointer = pointer
    }

    func failure(_ message: String, at offset: Int) -> TemplateError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: before[lineStart...], as: UTF8.self).count + 1
        return .syntax(message: message, line: line, column: column, pointer: pointer)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

/// A piece of template text.
enum TemplatePiece {
    /// To be copied; `\{{` is already `{{`.
    case text([UInt8])
    case tag(TemplateTag)
}

/// What stands between `{{` and `}}`.
struct TemplateTag {
    enum Kind {
        case expression
        /// `{{#name …}}`
        case open
        /// `{{else}}` and `{{else if …}}`
        case otherwise
        /// `{{/name}}`
        case close
    }

    let kind: Kind
    /// Where the tag begins, for errors.
    let offset: Int
    /// What follows `#`, `else` or `/`, or the whole expression.
    let content: Range<Int>
}

/// Splits template text into pieces.
struct TemplateScanner {
    private let source: TemplateSource
    private var offset = 0
    private var pieces: [TemplatePiece] = []
    private var text: [UInt8] = []
    /// The last tag ended with `~}}`, which takes the white space after it.
    private var trimsNext = false

    static func pieces(of source: TemplateSource) throws(TemplateError) -> [TemplatePiece] {
        var scanner = TemplateScanner(source: source)
        try scanner.scan()
        return scanner.pieces
    }

    /// Whether `text` can hold anything but itself: most strings of a JSON body do not.
    static func isTemplate(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "{"), previous == byte { return true }
            previous = byte
        }
        return false
    }

    private init(source: TemplateSource) { self.source = source }

    private mutating func scan() throws(TemplateError) {
        let bytes = source.bytes
        while offset < bytes.count {
            if starts(with: "\\{{", at: offset) {
                appendText(2 + offset..<offset + 3)
                text.append(UInt8(ascii: "{"))
                offset += 3
            } else if starts(with: "{{", at: offset) {
                try scanTag()
            } else {
                appendText(offset..<offset + 1)
                offset += 1
            }
        }
        flush()
    }

    private mutating func appendText(_ range: Range<Int>) {
        if trimsNext, isSpace(source.bytes[range.lowerBound]) { return }
        trimsNext = false
        text.append(contentsOf: source.bytes[range])
    }

    private mutating func flush() {
        if !text.isEmpty { pieces.append(.text(text)) }
        text = []
    }

    private mutating func scanTag() throws(TemplateError) {
        let bytes = source.bytes
        let start = offset
        let isTriple = starts(with: "{{{", at: start)
        var first = start + (isTriple ? 3 : 2)
        if first < bytes.count, bytes[first] == UInt8(ascii: "~") {
            first += 1
            while let last = text.last, isSpace(last) { text.removeLast() }
        }
        if first < bytes.count, bytes[first] == UInt8(ascii: "!") {
            let closing = starts(with: "!--", at: first) ? "--}}" : "}}"
            guard let end = position(of: closing, from: first + 1) else {
                throw source.failure("the comment is not closed with \(closing)", at: start)
            }
            offset = end + closing.utf8.count
            return
        }
        guard var last = end(from: first) else { throw source.failure("the tag is not closed with }}", at: start) }
        offset = last + 2
        if isTriple {
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "}") else {
                throw source.failure("the tag that begins with {{{ is not closed with }}}", at: start)
            }
            offset += 1
        }
        trimsNext = last > first && bytes[last - 1] == UInt8(ascii: "~")
        if trimsNext { last -= 1 }
        flush()
        while first < last, isSpace(bytes[first]) { first += 1 }
        while first < last, isSpace(bytes[last - 1]) { last -= 1 }
        guard first < last else { throw source.failure("the tag is empty", at: start) }
        pieces.append(.tag(tag(first..<last, offset: start)))
    }

    private func tag(_ content: Range<Int>, offset: Int) -> TemplateTag {
        let inner = content.lowerBound + 1..<content.upperBound
        switch source.bytes[content.lowerBound] {
        case UInt8(ascii: "#"): return TemplateTag(kind: .open, offset: offset, content: inner)
        case UInt8(ascii: "/"): return TemplateTag(kind: .close, offset: offset, content: inner)
        default: break
        }
        let afterElse = content.lowerBound + 4
        if starts(with: "else", at: content.lowerBound),
            afterElse >= content.upperBound || isSpace(source.bytes[afterElse])
        {
            return TemplateTag(
                kind: .otherwise, offset: offset, content: min(afterElse, content.upperBound)..<content.upperBound)
        }
        return TemplateTag(kind: .expression, offset: offset, content: content)
    }

    /// The position of the closing braces, which do not count inside quotes.
    private func end(from start: Int) -> Int? {
        var quote: UInt8?
        var index = start
        while index < source.bytes.count {
            let byte = source.bytes[index]
            if let open = quote {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if starts(with: "}}", at: index) {
                return index
            }
            index += 1
        }
        return nil
    }

    private func position(of text: String, from start: Int) -> Int? {
        (start..<max(start, source.bytes.count)).first { starts(with: text, at: $0) }
    }

    private func starts(with text: String, at offset: Int) -> Bool {
        let end = offset + text.utf8.count
        return end <= source.bytes.count && source.bytes[offset..<end].elementsEqual(text.utf8)
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
