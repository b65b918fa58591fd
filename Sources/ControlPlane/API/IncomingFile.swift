import Crypto
import Domain
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Persistence
import Synchronization

/// A body that an endpoint passes on while it arrives, in bounded memory. Read once.
final class IncomingFile: Sendable {
    /// The media type as it was sent.
    let contentType: String
    /// As announced; nil when the body comes in chunks.
    let announcedSize: Int?
    private let body: RequestBody
    private let state = Mutex(State())

    private struct State {
        var hasher = SHA256()
        var size = 0
        var sha256 = ""
        var problem: Problem?
    }

    init(_ body: RequestBody, _ headers: HTTPFields) {
        self.body = body
        contentType = headers[.contentType] ?? ""
        announcedSize = headers[.contentLength].flatMap { Int($0) }
    }

    /// In bytes; known when all of it was read.
    var size: Int { state.withLock { $0.size } }
    /// Of all bytes, hexadecimal; known when all of it was read.
    var sha256: String { state.withLock { $0.sha256 } }
    /// Why reading it ended early, whatever a store made of that.
    var problem: Problem? { state.withLock { $0.problem } }
    /// What must be the same in a repeated request.
    var fingerprint: String { contentType + "\n" + sha256 }

    /// The bytes; ends with 413 as soon as there are more than `limit`.
    func stream(limit: Int) -> ObjectStream {
        ObjectStream(beginning: { [self] in
            var pieces = body.makeAsyncIterator()
            return { [self] in
                guard let piece = try await pieces.next() else {
                    state.withLock { $0.sha256 = Hexadecimal.text($0.hasher.finalize()) }
                    return nil
                }
                let bytes = Array(piece.readableBytesView)
                try state.withLock { state in
                    state.size += bytes.count
                    if state.size > limit {
                        state.problem = Self.tooLarge(limit)
                        throw Self.tooLarge(limit)
                    }
                    bytes.withUnsafeBytes { state.hasher.update(bufferPointer: $0) }
                }
                return bytes
            }
        })
    }

    static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            .contentTooLarge, code: "body_too_large", detail: "The body may have at most \(limit) bytes.",
            members: ["limit": JSON(limit)])
    }
}
