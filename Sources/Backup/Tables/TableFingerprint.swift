import Crypto

/// What tells whether two tables hold the same rows, in whatever order: databases sort text differently.
///
/// The sum of the rows' SHA-256 values in four lanes of 64 bits. It finds what was lost, doubled or changed on the way;
/// against somebody who forges archives stands the cipher.
package struct TableFingerprint: Sendable, Hashable {
    package private(set) var rows = 0
    private var lanes: SIMD4<UInt64> = .zero

    package init() {}

    mutating func add(_ row: [UInt8]) {
        rows += 1
        let digest = Array(SHA256.hash(data: row))
        for lane in 0..<4 {
            var word: UInt64 = 0
            for byte in digest[lane * 8..<lane * 8 + 8] { word = word << 8 | UInt64(byte) }
            lanes[lane] &+= word
        }
    }

    /// 64 hexadecimal digits.
    package var text: String {
        (0..<4).map { lane in
            let digits = String(lanes[lane], radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
