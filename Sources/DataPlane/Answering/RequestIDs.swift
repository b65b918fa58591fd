import Domain
import Synchronization

/// Ids of requests: unique, cheap, and no secret. Seeded once from the surroundings, then a counter put through a mixer.
final class RequestIDs: Sendable {
    private let counter: Atomic<UInt64>

    init(_ surroundings: Surroundings) { counter = Atomic(surroundings.random()) }

    func next() -> RequestNumber { RequestNumber(high: draw(), low: draw()) }

    /// SplitMix64 over an atomic counter.
    private func draw() -> UInt64 {
        var value = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// A request's id as numbers, written as text only where somebody reads it.
struct RequestNumber: Sendable, Hashable {
    /// Bytes of the text.
    static let length = 20

    let high: UInt64
    let low: UInt64

    /// Writes `req_` and 16 characters, eight for each number.
    func write(to bytes: UnsafeMutablePointer<UInt8>) {
        bytes[0] = UInt8(ascii: "r")
        bytes[1] = UInt8(ascii: "e")
        bytes[2] = UInt8(ascii: "q")
        bytes[3] = UInt8(ascii: "_")
        Self.write(high, to: bytes + 4)
        Self.write(low, to: bytes + 12)
    }

    var text: String {
        String(unsafeUninitializedCapacity: Self.length) { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            write(to: start)
            return Self.length
        }
    }

    /// The journal's name for the request.
    var id: JournalID {
        guard let id = JournalID(text) else { preconditionFailure("a request number has the form of a journal id") }
        return id
    }

    /// Two characters at a time, since the divisions take the time.
    private static func write(_ number: UInt64, to bytes: UnsafeMutablePointer<UInt8>) {
        var rest = number
        pairs.withUnsafeBufferPointer { pairs in
            for index in 0..<4 {
                let pair = pairs[Int(rest % 1296)]
                rest /= 1296
                bytes[index * 2] = UInt8(truncatingIfNeeded: pair)
                bytes[index * 2 + 1] = UInt8(truncatingIfNeeded: pair >> 8)
            }
        }
    }

    /// The characters of two digits to the base of 36; the first, which is the lower digit, in the lower byte.
    private static let pairs: [UInt16] = (0..<1296).map { number in
        UInt16(character(number % 36)) | UInt16(character(number / 36)) << 8
    }

    private static func character(_ digit: Int) -> UInt8 {
        digit < 26 ? UInt8(ascii: "a") + UInt8(digit) : UInt8(ascii: "0") + UInt8(digit - 26)
    }
}
