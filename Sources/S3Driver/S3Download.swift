import AsyncHTTPClient
import Domain
import NIOCore
import NIOHTTP1
import Persistence

/// One object on its way out of the bucket. Where the connection breaks, the rest is asked for.
struct S3Download: Sendable {
    private static let attempts = 4
    private let connection: S3Connection
    private let key: String

    init(_ connection: S3Connection, _ key: String) {
        self.connection = connection
        self.key = key
    }

    func stream() async throws -> ObjectStream {
        let response = try await connection.open(connection.request("GET", key: key))
        guard let size = response.headers.first(name: "content-length").flatMap({ Int($0) }) else {
            throw ObjectStoreError.unavailable("\(connection.address.place) sent an object without its length")
        }
        let tag = response.headers.first(name: "etag")
        return ObjectStream(beginning: {
            var body = response.body.makeAsyncIterator()
            var buffer = ByteBuffer()
            var offset = 0
            var attempt = 1
            return {
                while true {
                    if buffer.readableBytes > 0 {
                        let piece = buffer.readBytes(length: min(buffer.readableBytes, ObjectStream.pieceSize)) ?? []
                        offset += piece.count
                        return piece
                    }
                    if offset == size { return nil }
                    do {
                        if let next = try await body.next() {
                            buffer = next
                            continue
                        }
                    } catch {
                        if Task.isCancelled { throw CancellationError() }
                    }
                    guard attempt < Self.attempts, let tag else {
                        throw ObjectStoreError.unavailable("\(connection.address.place) broke off within an object")
                    }
                    attempt += 1
                    body = try await rest(from: offset, tag).makeAsyncIterator()
                }
            }
        })
    }

    private func rest(from offset: Int, _ tag: String) async throws -> HTTPClientResponse.Body {
        let request = connection.request(
            "GET", key: key, headers: [("if-match", tag), ("range", "bytes=\(offset)-")])
        do {
            let response = try await connection.open(request)
            if response.status == .partialContent, response.headers.first(name: "etag") == tag { return response.body }
        } catch is S3Refusal {
            // It was removed.
        }
        throw ObjectStoreError.unavailable("an object in \(connection.address.place) was replaced while it was read")
    }
}
