/// The names of objects: 1 to 8 segments of 1 to 100 characters `[a-z0-9._-]`, parted by `/`, none beginning with a dot.
package enum ObjectKey {
    /// The text is no key.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let key: String

        package var description: String {
            "\"\(key)\" is no object key: 1 to 8 segments of [a-z0-9._-], not beginning with a dot, parted by \"/\""
        }
    }

    /// - Throws: `Refusal`; so no key can lead out of the tenant's prefix.
    package static func segments(_ key: String) throws(Refusal) -> [String] {
        let segments = key.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...8).contains(segments.count), segments.allSatisfy(isValid) else { throw Refusal(key: key) }
        return segments.map(String.init)
    }

    private static func isValid(_ segment: Substring) -> Bool {
        let bytes = segment.utf8
        return (1...100).contains(bytes.count) && bytes.first != UInt8(ascii: ".")
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
