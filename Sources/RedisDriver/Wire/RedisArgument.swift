package import NIOCore

/// One word of a command: text or any bytes.
package enum RedisArgument: Sendable, Hashable, ExpressibleByStringLiteral {
    case text(String)
    case bytes([UInt8])

    package init(stringLiteral value: String) { self = .text(value) }
    package init(_ text: String) { self = .text(text) }
    package init(_ number: Int) { self = .text(String(number)) }
    package init(_ bytes: [UInt8]) { self = .bytes(bytes) }

    var count: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }
}

extension ByteBuffer {
    /// A command as Redis reads it: an array of strings, each behind its length.
    package mutating func writeCommand(_ arguments: [RedisArgument]) {
        writeString("*\(arguments.count)\r\n")
        for argument in arguments {
            writeString("$\(argument.count)\r\n")
            switch argument {
            case .text(let text): writeString(text)
            case .bytes(let bytes): writeBytes(bytes)
            }
            writeString("\r\n")
        }
    }
}
