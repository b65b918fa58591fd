import JSON

/// Where the values of a document stand: the same shape as its JSON value, a line in each place.
struct LineTree: Sendable {
    /// Counted from 1; for the member of an object the line of its name.
    var line: Int
    /// One for each member or element, in order.
    var children: [LineTree] = []

    /// The line at `pointer` into `value`, the document that this tree belongs to; nil where nothing is.
    func line(of pointer: JSONPointer, in value: JSON) -> Int? {
        var (tree, value) = (self, value)
        for token in pointer.tokens {
            let position: Int?
            switch value {
            case .object(let object): position = object.keys.firstIndex(of: token)
            case .array: position = JSONPointer.arrayIndex(token)
            default: position = nil
            }
            guard let position, position < tree.children.count else { return nil }
            tree = tree.children[position]
            switch value {
            case .object(let object): value = object.values[position]
            case .array(let array): value = array[position]
            default: return nil
            }
        }
        return tree.line
    }
}

/// Finds the lines of a text that is known to be JSON: a second pass, made only when somebody asks for a line, so that
/// values need not carry positions.
struct JSONLineScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0
    private var line = 1

    /// `bytes` must have been parsed without an error, which bounds their depth.
    static func tree(_ bytes: [UInt8]) -> LineTree {
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONLineScanner(bytes: buffer)
            if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.offset = 3 }
            return scanner.value()
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private mutating func value() -> LineTree {
        var tree = LineTree(line: nextLine())
        switch peek() {
        case UInt8(ascii: "{"):
            offset += 1
            while nextByte() == UInt8(ascii: "\"") {
                let start = line
                skipString()
                if nextByte() == UInt8(ascii: ":") { offset += 1 }
                var member = value()
                member.line = start
                tree.children.append(member)
                if nextByte() == UInt8(ascii: ",") { offset += 1 }
            }
            offset += 1
        case UInt8(ascii: "["):
            offset += 1
            while let byte = nextByte(), byte != UInt8(ascii: "]") {
                tree.children.append(value())
                if nextByte() == UInt8(ascii: ",") { offset += 1 }
            }
            offset += 1
        case UInt8(ascii: "\""):
            skipString()
        default:
            while let byte = peek(), !Self.endsWord(byte) { offset += 1 }
        }
        return tree
    }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func nextByte() -> UInt8? {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            if byte == 0x0A { line += 1 }
            offset += 1
        }
        return peek()
    }

    private mutating func nextLine() -> Int {
        _ = nextByte()
        return line
    }

    private mutating func skipString() {
        offset += 1
        while let byte = peek(), byte != UInt8(ascii: "\"") { offset += byte == UInt8(ascii: "\\") ? 2 : 1 }
        offset += 1
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
