/// Up to sixteen lower-case letters and digits, held in the value itself: ids are copied, compared and hashed with every
/// request, and a text of their length would be a counted reference to the heap.
struct Letters: Sendable, Hashable, Comparable {
    static let capacity = 16

    /// The text's bytes in its order, zeros after its end, so that the numbers compare as the texts do.
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// Nil when a byte is none of `[a-z0-9]` or there are too many.
    init?(_ text: Substring.UTF8View) {
        var count = 0
        for byte in text {
            guard count < Self.capacity, Alphabet.isLowerAlphanumeric(byte) else { return nil }
            put(byte, at: count)
            count += 1
        }
    }

    /// Random ones.
    ///
    /// - Parameter first: the first, when it is not random.
    init(count: Int, first: UInt8? = nil, from surroundings: Surroundings) {
        var generator = surroundings.generator
        if let first { put(first, at: 0) }
        for index in (first == nil ? 0 : 1)..<count {
            put(Alphabet.lowerAlphanumeric.randomElement(using: &generator)!, at: index)
        }
    }

    var text: String {
        String(unsafeUninitializedCapacity: Self.capacity) { bytes in
            var count = 0
            while count < Self.capacity {
                let byte = byte(at: count)
                if byte == 0 { break }
                bytes.initializeElement(at: count, to: byte)
                count += 1
            }
            return count
        }
    }

    /// Writes `capacity` bytes: the text, and zeros after its end.
    func write(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: high.bigEndian, as: UInt64.self)
        target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    static func < (left: Letters, right: Letters) -> Bool { (left.high, left.low) < (right.high, right.low) }

    private mutating func put(_ byte: UInt8, at index: Int) {
        let bits = UInt64(byte) << Self.shift(index)
        if index < 8 { high |= bits } else { low |= bits }
    }

    private func byte(at index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> Self.shift(index))
    }

    private static func shift(_ index: Int) -> UInt64 { UInt64(56 - 8 * (index & 7)) }
}

enum Alphabet {
    static let lowerAlphanumeric = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)

    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
}
