/// The literal segments of a route table as small integers, found by their bytes.
struct SegmentTokens: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Open addressing: token numbers, -1 where free; a power of two in size.
    private var slots: [Int32] = []

    static let unknown: Int32 = -1

    init(_ literals: [[UInt8]]) {
        var size = 4
        while size < literals.count * 2 { size *= 2 }
        slots = [Int32](repeating: Self.unknown, count: size)
        for (token, literal) in literals.enumerated() {
            bytes += literal
            ends.append(bytes.count)
            var slot = literal.withUnsafeBufferPointer { Self.hash($0) } & (size - 1)
            while slots[slot] != Self.unknown { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(token)
        }
    }

    /// The token of `segment`, or `unknown`.
    func token(of segment: UnsafeBufferPointer<UInt8>) -> Int32 {
        var slot = Self.hash(segment) & (slots.count - 1)
        while slots[slot] != Self.unknown {
            if isEqual(Int(slots[slot]), segment) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return Self.unknown
    }

    private func isEqual(_ token: Int, _ segment: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = token == 0 ? 0 : ends[token - 1]
        guard ends[token] - start == segment.count else { return false }
        for offset in 0..<segment.count where bytes[start + offset] != segment[offset] { return false }
        return true
    }

    private static func hash(_ segment: UnsafeBufferPointer<UInt8>) -> Int { SeededHash.value(of: segment) }
}
