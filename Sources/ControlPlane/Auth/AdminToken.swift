import Crypto
import Foundation

/// The operator's credential, kept as its SHA-256 only.
package struct AdminToken: Sendable {
    private let digest: SHA256.Digest

    package init(_ token: String) { digest = SHA256.hash(data: Data(token.utf8)) }

    /// Takes the same time whatever `candidate` is: both sides are digests, and comparing digests is constant-time.
    func matches(_ candidate: String) -> Bool { SHA256.hash(data: Data(candidate.utf8)) == digest }
}

enum ConstantTime {
    /// Whether two texts are equal, in a time that depends on their lengths only.
    static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }
}
