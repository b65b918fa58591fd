/// A hash for the tables of a lookup: several times faster than `Hasher` on short keys, and seeded by it for each process,
/// so that nobody outside can write routes or requests that collide.
package enum SeededHash {
    private static let seed = UInt64(bitPattern: Int64(Hasher().finalize()))
    /// Two odd numbers with bits all over (the fractions of the golden ratio and of the square root of 3).
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xBB67_AE85_84CA_A73B

    static func value(of key: UInt64) -> Int { Int(truncatingIfNeeded: fold(key, first)) }

    package static func value(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var state = UInt64(truncatingIfNeeded: bytes.count) &* second
        var index = 0
        let raw = UnsafeRawBufferPointer(bytes)
        while index + 8 <= raw.count {
            state = fold(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self), first)
            index += 8
        }
        var rest: UInt64 = 0
        while index < raw.count {
            rest = rest << 8 | UInt64(raw[index])
            index += 1
        }
        return Int(truncatingIfNeeded: fold(state ^ rest, second))
    }

    /// Both halves of the product, so that every bit of the key reaches the low bits.
    private static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let product = (value ^ seed).multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}
