/// Recognises plain requests in one pass over the bytes: no text is made and nothing is allocated.
package struct Recogniser: Sendable {
    /// A longer head is unusual. Must be below what the codec takes.
    package let maxHeadLength: Int

    private static let maxHeaders = 64
    /// A longer body is unusual, so that lengths cannot overflow.
    private static let maxLengthDigits = 9

    /// - Parameter maxHeadLength: in bytes.
    package init(maxHeadLength: Int) { self.maxHeadLength = min(maxHeadLength, PlainRequest.maxHeadLength) }

    package func recognise(_ bytes: UnsafeRawBufferPointer) -> Recognition {
        var reader = HeadReader(UnsafeRawBufferPointer(rebasing: bytes.prefix(maxHeadLength)))
        let recognition = reader.read()
        if case .incomplete = recognition, bytes.count >= maxHeadLength { return .unusual }
        return recognition
    }

    /// One pass over one head.
    private struct HeadReader {
        private let bytes: UnsafeRawBufferPointer
        private var position = 0
        private var marks = PlainRequest.Marks()
        private var host: Range<Int>?
        private var contentLength: Int?

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func read() -> Recognition {
            guard let method = readMethod() else { return stopped }
            let pathStart = position
            guard readPath() else { return stopped }
            let path = pathStart..<position
            var query: Range<Int>?
            if bytes[position] == UInt8(ascii: "?") {
                position += 1
                let start = position
                while position < bytes.count, ByteClass.isQuery(bytes[position]) { position += 1 }
                query = start..<position
            }
            guard skip(" HTTP/1.1\r\n") else { return stopped }
            let headersStart = position
            var count = 0
            while true {
                guard position < bytes.count else { return .incomplete }
                if bytes[position] == UInt8(ascii: "\r") { break }
                count += 1
                guard count <= Recogniser.maxHeaders, readHeader() else { return stopped }
            }
            let headers = headersStart..<position
            guard skip("\r\n") else { return stopped }
            guard let host else { return .unusual }
            return .plain(
                PlainRequest(
                    method: method, path: path, query: query, host: host, marks: marks, headers: headers,
                    headLength: position, contentLength: contentLength ?? 0))
        }

        /// What a failed step means: it ran out of bytes, or met one that it does not take.
        private var stopped: Recognition { position >= bytes.count ? .incomplete : .unusual }

        private mutating func readMethod() -> PlainRequest.Method? {
            guard let first = bytes.first else { return nil }
            switch first {
            case UInt8(ascii: "G"): return skip("GET ") ? .get : nil
            case UInt8(ascii: "H"): return skip("HEAD ") ? .head : nil
            case UInt8(ascii: "D"): return skip("DELETE ") ? .delete : nil
            case UInt8(ascii: "P"):
                guard bytes.count > 1 else {
                    position = bytes.count
                    return nil
                }
                switch bytes[1] {
                case UInt8(ascii: "O"): return skip("POST ") ? .post : nil
                case UInt8(ascii: "U"): return skip("PUT ") ? .put : nil
                default: return skip("PATCH ") ? .patch : nil
                }
            default: return nil
            }
        }

        /// True with `position` at the byte after the path.
        private mutating func readPath() -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "/") else { return false }
            var wasSlash = false
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "/") {
                    if wasSlash { marks.insert(.unnormalisedPath) }
                    wasSlash = true
                } else if ByteClass.isPath(byte) {
                    // A segment that begins with a dot may be one that means another path.
                    if wasSlash, byte == UInt8(ascii: ".") { marks.insert(.unnormalisedPath) }
                    wasSlash = false
                } else if byte == UInt8(ascii: "%") {
                    marks.insert(.unnormalisedPath)
                    wasSlash = false
                } else {
                    return true
                }
                position += 1
            }
            return false
        }

        /// One line `Name: value`, with its line end.
        private mutating func readHeader() -> Bool {
            let nameStart = position
            while position < bytes.count, ByteClass.isName(bytes[position]) { position += 1 }
            let nameEnd = position
            guard nameEnd > nameStart, skip(":") else { return false }
            while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
            let valueStart = position
            skipValue()
            let valueEnd = position
            guard skip("\r\n") else { return false }
            // Some readers take spaces at the end for a part of the value.
            if valueEnd > valueStart, bytes[valueEnd - 1] != UInt8(ascii: " "),
                note(nameStart..<nameEnd, valueStart..<valueEnd)
            {
                return true
            }
            // Back to a byte that is there: the line is complete and not taken.
            position = nameStart
            return false
        }

        /// Goes to the first byte that is not visible ASCII or a space, eight at a time as long as they are.
        private mutating func skipValue() {
            let high: UInt64 = 0x8080_8080_8080_8080
            let ones: UInt64 = 0x0101_0101_0101_0101
            while position + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                // The high bit of a byte is set where it is set already, below 0x20 or 0x7F. A borrow or carry can mark a
                // byte too many behind one that is marked rightly, which only ends the stride early.
                if (word | (word &- ones &* 0x20) | (word &+ ones)) & high != 0 { break }
                position += 8
            }
            while position < bytes.count, ByteClass.isValue(bytes[position]) { position += 1 }
        }

        /// False for a header that makes the request unusual.
        private mutating func note(_ name: Range<Int>, _ value: Range<Int>) -> Bool {
            switch name.count {
            case 4:
                if isName(name, "host") {
                    guard host == nil, value.count <= 255, value.allSatisfy({ ByteClass.isHost(bytes[$0]) }) else {
                        return false
                    }
                    host = value
                }
            case 6:
                if isName(name, "origin") { marks.insert(.origin) }
                if isName(name, "prefer") { marks.insert(.prefer) }
                if isName(name, "expect") { marks.insert(.expect) }
            case 7:
                if isName(name, "upgrade") || isName(name, "trailer") { return false }
            case 10:
                if isName(name, "connection") { return isName(value, "keep-alive") }
            case 12:
                if isName(name, "x-request-id") { marks.insert(.requestID) }
            case 14:
                if isName(name, "content-length") { return noteContentLength(value) }
                if isName(name, "http2-settings") { return false }
            case 16:
                if isName(name, "x-forwarded-host") { marks.insert(.forwardedHost) }
                if isName(name, "proxy-connection") { return false }
            case 17:
                if isName(name, "transfer-encoding") { return false }
            case 29, 30:
                if isName(name, "access-control-request-method") || isName(name, "access-control-request-headers") {
                    marks.insert(.origin)
                }
            default: break
            }
            return true
        }

        private mutating func noteContentLength(_ value: Range<Int>) -> Bool {
            guard contentLength == nil, value.count <= Recogniser.maxLengthDigits else { return false }
            var length = 0
            for index in value {
                let byte = bytes[index]
                guard ByteClass.isDigit(byte) else { return false }
                length = length * 10 + Int(byte - UInt8(ascii: "0"))
            }
            if bytes[value.lowerBound] == UInt8(ascii: "0"), value.count > 1 { return false }
            contentLength = length
            return true
        }

        /// Whether the bytes are `text`, which is in lower case, without regard to case.
        private func isName(_ range: Range<Int>, _ text: StaticString) -> Bool {
            guard range.count == text.utf8CodeUnitCount else { return false }
            for offset in 0..<range.count where bytes[range.lowerBound + offset] | 0x20 != text.utf8Start[offset] {
                return false
            }
            return true
        }

        /// Takes exactly these bytes; else stops at the first that differs or at the end.
        private mutating func skip(_ text: StaticString) -> Bool {
            for offset in 0..<text.utf8CodeUnitCount {
                guard position < bytes.count, bytes[position] == text.utf8Start[offset] else { return false }
                position += 1
            }
            return true
        }
    }
}
