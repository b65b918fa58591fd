import Domain
import NIOCore
import NIOHTTP1
import Persistence

/// One object on its way into the bucket: in one request where it is small, else in parts that appear together.
struct S3Upload: Sendable {
    /// Largest object that goes in one request, in bytes.
    static let threshold = 16 << 20
    /// A service takes at most 10,000 parts of at least 5 MiB, so the later parts of something huge are larger.
    private static let partSize = 8 << 20
    private static let laterPartSize = 64 << 20
    private static let smallParts = 1000
    private static let mostParts = 10_000

    private let connection: S3Connection
    private let key: String

    init(_ connection: S3Connection, _ key: String) {
        self.connection = connection
        self.key = key
    }

    /// - Returns: how many bytes came.
    func send(_ stream: ObjectStream) async throws -> Int {
        var pieces = stream.makeAsyncIterator()
        let first = try await Self.part(Self.threshold, &pieces)
        if first.count < Self.threshold {
            try Task.checkCancellation()
            _ = try await connection.send(connection.request("PUT", key: key), body: first)
            return first.count
        }
        let begun = try await connection.send(connection.request("POST", key: key, query: [("uploads", "")]))
        guard let id = try XMLReader.read(begun.body).text(of: "UploadId") else { throw XMLReader.Malformed() }
        do {
            return try await send(first, &pieces, id)
        } catch {
            // Parts that nobody completes would take up room and be paid for, also when our own task was cancelled.
            await Task { [self] in try? await abort(id) }.value
            throw error
        }
    }

    /// Gives up the parts of an upload.
    func abort(_ id: String) async throws {
        do {
            _ = try await connection.send(connection.request("DELETE", key: key, query: [("uploadId", id)]))
        } catch let refusal as S3Refusal where refusal.isMissingUpload {
            return
        }
    }

    private func send(
        _ first: [UInt8], _ pieces: inout ObjectStream.Iterator, _ id: String
    ) async throws -> Int {
        var tags: [String] = []
        var count = 0
        var part = first
        while !part.isEmpty || tags.isEmpty {
            guard tags.count < Self.mostParts else {
                throw ObjectStoreError.refused("an object of more than \(count) bytes is too large for a bucket")
            }
            let query = [("partNumber", String(tags.count + 1)), ("uploadId", id)]
            let answer = try await connection.send(connection.request("PUT", key: key, query: query), body: part)
            guard let tag = answer.headers.first(name: "etag") else {
                throw ObjectStoreError.unavailable("\(connection.address.place) took a part without an ETag")
            }
            tags.append(tag)
            count += part.count
            part = try await Self.part(tags.count < Self.smallParts ? Self.partSize : Self.laterPartSize, &pieces)
        }
        try Task.checkCancellation()
        try await complete(id, tags, count)
        return count
    }

    private func complete(_ id: String, _ tags: [String], _ count: Int) async throws {
        let parts = tags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLText.escape(tag))</ETag></Part>"
        }
        let body = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
        do {
            _ = try await connection.send(
                connection.request("POST", key: key, query: [("uploadId", id)]), body: Array(body.utf8))
        } catch let refusal as S3Refusal where refusal.isMissingUpload {
            // The answer to an earlier attempt was lost: the object is there, or somebody gave the upload up.
            let head = try await connection.send(connection.request("HEAD", key: key))
            guard head.headers.first(name: "content-length") == String(count) else { throw refusal }
        }
    }

    /// As many pieces as make up `size` bytes; fewer only at the end.
    private static func part(_ size: Int, _ pieces: inout ObjectStream.Iterator) async throws -> [UInt8] {
        var part: [UInt8] = []
        while part.count < size, let piece = try await pieces.next() { part += piece }
        return part
    }
}
