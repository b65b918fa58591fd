import Domain
import JSON
import Metering
import NIOCore
import Synchronization

/// The 429 of one tenant, rendered once for each second: whoever is over the limit asks often, and must cost little.
final class RateRefusals: Sendable {
    /// The reply cut where each request has bytes of its own.
    private final class Pieces: Sendable {
        let standing: RateStanding
        /// Status line and fields up to the length's value.
        let head: [UInt8]
        /// The body before the path, between path and request id, and after it.
        let body: [[UInt8]]

        init(_ standing: RateStanding) {
            self.standing = standing
            let problem = Problem.rateLimited(standing)
            var bytes = ByteBuffer()
            bytes.writeBytes(StatusLine.bytes(problem.kind.rawValue))
            bytes.writeString("Content-Type: application/problem+json\r\n")
            for (name, value) in problem.headers { bytes.writeString("\(name): \(value)\r\n") }
            bytes.writeString("Content-Length: ")
            head = Array(bytes.readableBytesView)
            let text = problem.json(instance: Self.mark, requestID: Self.mark).bytes
            body = text.split(separator: Array(Self.mark.utf8)).map { Array($0) }
        }

        private static let mark = "here-goes-what-differs"
    }

    private let pieces = Mutex<Pieces?>(nil)

    /// Writes the whole reply.
    ///
    /// - Parameter path: in normal form and without a character that JSON escapes.
    /// - Returns: the length of the body.
    func write(
        _ standing: RateStanding, path: UnsafeBufferPointer<UInt8>, hasBody: Bool, _ dates: DateBytes,
        _ number: RequestNumber, to out: inout ByteBuffer
    ) -> Int {
        let pieces = self.pieces.withLock { pieces in
            if let pieces, pieces.standing == standing { return pieces }
            let made = Pieces(standing)
            pieces = made
            return made
        }
        let id = number.text
        let length = pieces.body.reduce(path.count + id.utf8.count) { $0 + $1.count }
        out.writeBytes(pieces.head)
        out.writeString(String(length))
        out.writeStaticString("\r\n")
        out.writeReplyEnd(dates, hasDate: false, number)
        guard hasBody, pieces.body.count == 3 else { return 0 }
        out.writeBytes(pieces.body[0])
        out.writeBytes(path)
        out.writeBytes(pieces.body[1])
        out.writeString(id)
        out.writeBytes(pieces.body[2])
        return length
    }

    /// Whether JSON writes the path as it is.
    static func isPlain(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        path.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
