/// What Redis answers (RESP2).
package enum RedisReply: Sendable, Hashable {
    case null
    case integer(Int)
    /// A line such as OK.
    case status(String)
    case bytes([UInt8])
    case array([RedisReply])
    /// Only inside an array and where a caller asks for replies as they are; else an error is thrown.
    case error(String)

    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    package var array: [RedisReply]? { if case .array(let values) = self { values } else { nil } }

    package var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }

    /// Of a status or of bytes that are UTF-8.
    package var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .null, .integer, .array, .error: nil
        }
    }
}
