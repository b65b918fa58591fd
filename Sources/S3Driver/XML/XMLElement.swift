/// An element of the small XML documents that a store answers with. Attributes and name spaces are passed over.
struct XMLElement: Sendable, Equatable {
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    init(name: String) { self.name = name }

    /// The text of the first child of a name.
    func text(of name: String) -> String? { first(name)?.text }

    func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Reads one XML document. A document type, and with it every entity of its own, is refused.
struct XMLReader: ~Copyable {
    /// It is no XML, or not of the simple kind that stores send.
    struct Malformed: Error {}

    private static let deepest = 16
    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The root element.
    static func read(_ bytes: [UInt8]) throws(Malformed) -> XMLElement {
        var reader = XMLReader(bytes)
        try reader.skipToElement()
        return try reader.element(depth: 1)
    }

    /// Passes over white space, the declaration and comments.
    private mutating func skipToElement() throws(Malformed) {
        while position < bytes.count {
            if skip("<?") {
                try skipPast("?>")
            } else if skip("<!--") {
                try skipPast("-->")
            } else if bytes[position] == UInt8(ascii: "<") {
                return
            } else {
                // A byte order mark or white space.
                position += 1
            }
        }
        throw Malformed()
    }

    private mutating func element(depth: Int) throws(Malformed) -> XMLElement {
        guard depth <= Self.deepest, skip("<") else { throw Malformed() }
        var element = XMLElement(name: try name())
        if try isEmptyAfterAttributes() { return element }
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else { throw Malformed() }
            if skip("</") {
                guard try name() == element.name else { throw Malformed() }
                try skipPast(">")
                guard let decoded = String(validating: text, as: UTF8.self) else { throw Malformed() }
                element.text = decoded
                return element
            } else if skip("<![CDATA[") {
                let start = position
                try skipPast("]]>")
                text += bytes[start..<position - 3]
            } else if skip("<!--") {
                try skipPast("-->")
            } else if bytes[position] == UInt8(ascii: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else if skip("&") {
                text += try entity().utf8
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
    }

    /// A name without its name space.
    private mutating func name() throws(Malformed) -> String {
        let start = position
        while position < bytes.count, !" \t\r\n/>".utf8.contains(bytes[position]) { position += 1 }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        guard !name.isEmpty, !name.hasPrefix("!") else { throw Malformed() }
        return name.split(separator: ":").last.map(String.init) ?? name
    }

    /// Whether the start tag that ends here is an element by itself.
    private mutating func isEmptyAfterAttributes() throws(Malformed) -> Bool {
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return bytes[position - 2] == UInt8(ascii: "/")
            }
        }
        throw Malformed()
    }

    private mutating func entity() throws(Malformed) -> String {
        let start = position
        try skipPast(";")
        let name = String(decoding: bytes[start..<position - 1], as: UTF8.self)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = name.hasPrefix("#x")
            guard name.hasPrefix("#"),
                let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                let scalar = Unicode.Scalar(number)
            else { throw Malformed() }
            return String(Character(scalar))
        }
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { expected in
            guard bytes.dropFirst(position).starts(with: expected) else { return false }
            position += expected.count
            return true
        }
    }

    private mutating func skipPast(_ text: StaticString) throws(Malformed) {
        while position < bytes.count {
            if skip(text) { return }
            position += 1
        }
        throw Malformed()
    }
}
