import Domain
import HTTPTypes
import MockEngine
import NIOCore
import NIOHTTP1

extension ByteBuffer {
    /// Writes status line, fields and length of a reply, to the byte as the codec would. What every reply gets besides
    /// follows by `writeReplyEnd`.
    ///
    /// - Returns: whether the fields have a date.
    mutating func writeReplyHead(status: Int, _ fields: [HeaderField], length: Int) -> Bool {
        writeBytes(StatusLine.bytes(status))
        var hasDate = false
        for field in fields where !DataPlane.isOurs(field.name) {
            if field.name == "content-type" {
                writeField("Content-Type", field.value)
            } else if let name = HTTPField.Name(field.name) {
                if name == .date { hasDate = true }
                writeField(field.name, field.value)
            }
        }
        if ReplyBody.isSent(status: status) {
            writeStaticString("Content-Length: ")
            writeString(String(length))
            writeStaticString("\r\n")
        }
        return hasDate
    }

    private mutating func writeField(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        let isPlain =
            value.utf8.allSatisfy(ByteClass.isValue) && value.utf8.first != UInt8(ascii: " ")
            && value.utf8.last != UInt8(ascii: " ")
        // The name has been checked; the value of any field is made harmless in the same way.
        writeString(isPlain ? value : HTTPField(name: .contentType, value: value).value)
        writeStaticString("\r\n")
    }

    /// Writes the date unless there is one, the request's id and the empty line.
    mutating func writeReplyEnd(_ date: DateBytes, hasDate: Bool, _ number: RequestNumber) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: ReplyEnd.maxLength) { target in
            guard let start = target.baseAddress else { return 0 }
            return ReplyEnd.write(date, hasDate: hasDate, number, to: start) - start
        }
    }
}

/// The fields that every reply gets, and the empty line.
enum ReplyEnd {
    static let maxLength = 96

    /// Gives where it ends.
    static func write(
        _ date: DateBytes, hasDate: Bool, _ number: RequestNumber, to start: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var next = hasDate ? start : date.write(to: start)
        next = write("X-Request-Id: ", to: next)
        number.write(to: next.assumingMemoryBound(to: UInt8.self))
        return write("\r\n\r\n", to: next + RequestNumber.length)
    }

    private static func write(_ text: StaticString, to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        start.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        return start + text.utf8CodeUnitCount
    }
}

/// Which replies have a body.
enum ReplyBody {
    static func isSent(status: Int) -> Bool { status != 204 && status != 304 }
}

/// The first line of a reply.
enum StatusLine {
    private static let lines = (0...999).map { code in
        let status = HTTPResponseStatus(statusCode: code, reasonPhrase: "")
        return Array("HTTP/1.1 \(code) \(status.reasonPhrase)\r\n".utf8)
    }

    static func bytes(_ status: Int) -> [UInt8] { lines[min(max(status, 0), 999)] }
}

/// The line with the date, kept by one event loop and formatted once a second.
final class DateBytes {
    private var second = Int64.min
    private var line: [UInt8] = []

    func update(_ moment: Timestamp) {
        guard moment.seconds != second else { return }
        second = moment.seconds
        line = Array("Date: \(DateLine.format(moment))\r\n".utf8)
    }

    /// Gives where the line ends.
    func write(to target: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        line.withUnsafeBytes { line in
            guard let start = line.baseAddress else { return target }
            target.copyMemory(from: start, byteCount: line.count)
            return target + line.count
        }
    }
}
