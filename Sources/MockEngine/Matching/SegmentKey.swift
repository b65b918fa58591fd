/// A literal segment as its first sixteen bytes in two numbers, its length, and a hash of it all: what most comparisons need
/// and nothing has to be followed for.
struct SegmentKey: Sendable {
    static let inlineLength = 16

    let first: UInt64
    let second: UInt64
    let length: Int32
    /// Its own, before it is mixed with a node.
    let hash: UInt64

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        length = Int32(clamping: bytes.count)
        let raw = UnsafeRawBufferPointer(bytes)
        if bytes.count >= 16 {
            first = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            second = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        } else if bytes.count >= 8 {
            first = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            second = Self.load(raw, 8..<bytes.count)
        } else {
            first = Self.load(raw, 0..<bytes.count)
            second = 0
        }
        hash = UInt64(bitPattern: Int64(SeededHash.value(of: bytes)))
    }

    private static func load(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64 {
        var value: UInt64 = 0
        var index = range.upperBound
        while index > range.lowerBound {
            index -= 1
            value = value << 8 | UInt64(bytes[index])
        }
        return value
    }
}
