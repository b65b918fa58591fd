/// Finds one text in others, in time linear in the text whatever both are (Knuth, Morris, Pratt).
struct TextSearch: Sendable {
    let text: String
    private let bytes: [UInt8]
    private let borders: [Int]

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
        borders = Self.borders(of: bytes)
    }

    func found(in text: String) -> Bool {
        if bytes.isEmpty { return true }
        var text = text
        return text.withUTF8 { text in
            var matched = 0
            for byte in text {
                while matched > 0, byte != bytes[matched] { matched = borders[matched - 1] }
                if byte == bytes[matched] { matched += 1 }
                if matched == bytes.count { return true }
            }
            return false
        }
    }

    /// For each byte, how long a beginning of the text ends with it, short of the whole.
    static func borders(of bytes: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = borders[length - 1] }
            if bytes[index] == bytes[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }
}
