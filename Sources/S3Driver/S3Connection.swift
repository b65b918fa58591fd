import AsyncHTTPClient
import Crypto
import Domain
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Persistence

/// Signs requests, sends them, and sends again what a busy store or a broken connection did not answer.
final class S3Connection: Sendable {
    /// What came back with a success.
    struct Answer: Sendable {
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    let address: S3Address
    private let signature: SignatureV4
    private let client: HTTPClient
    private let surroundings: Surroundings
    private let pause: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    private static let attempts = 5
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(3)
    /// No further attempt begins after this much time.
    private static let patience = Duration.seconds(30)
    /// Largest answer that is not an object: a page of a list with 1,000 keys of 1,024 bytes, escaped.
    private static let answerLimit = 8 << 20

    init(
        _ address: S3Address, surroundings: Surroundings, logger: Logger,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.address = address
        signature = SignatureV4(address.credentials, region: address.region)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(15), write: .seconds(15)))
        configuration.httpVersion = .http1Only
        // We try again ourselves, with a count of attempts.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.surroundings = surroundings
        self.logger = logger
        self.pause = pause
    }

    /// The client holds itself until its connections are closed.
    deinit { client.shutdown { _ in } }

    /// A request for a key below the address's prefix, or for the bucket itself.
    func request(
        _ method: String, key: String? = nil, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = []
    ) -> S3Request {
        var path = address.isPathStyle ? "/\(address.bucket)" : ""
        if let key { path += "/\(key)" }
        return S3Request(
            method: method, authority: address.authority, path: path.isEmpty ? "/" : path, query: query,
            headers: headers)
    }

    /// An address by which anyone can get an object until `lifetime` is over.
    func presigned(_ request: S3Request, for lifetime: Duration) -> String {
        url(signature.presign(request, for: lifetime, at: surroundings.now()))
    }

    /// Sends a request and reads the answer whole.
    ///
    /// - Throws: `S3Refusal` for an answer that is no success; `ObjectStoreError` when there is none.
    func send(_ request: S3Request, body: [UInt8] = [], limit: Int = answerLimit) async throws -> Answer {
        let body = Body(body)
        return try await repeated(request) {
            let response = try await self.exchange(request, body)
            let bytes = try await response.body.collect(upTo: limit)
            // An error can follow a head that says success: the store began to answer before it knew.
            if bytes.readableBytes < 4096, bytes.readableBytesView.firstRange(of: Array("<Error>".utf8)) != nil,
                request.method == "POST"
            {
                throw S3Refusal(status: 500, body: Array(bytes.readableBytesView))
            }
            return Answer(headers: response.headers, body: Array(bytes.readableBytesView))
        }
    }

    /// Sends a request without a body; the answer's body is still to be read.
    func open(_ request: S3Request) async throws -> HTTPClientResponse {
        let body = Body([])
        return try await repeated(request) { try await self.exchange(request, body) }
    }

    /// A body with what its signature needs.
    private struct Body: Sendable {
        let bytes: ByteBuffer
        let hash: String

        init(_ bytes: [UInt8]) {
            self.bytes = ByteBuffer(bytes: bytes)
            hash = Hexadecimal.text(SHA256.hash(data: bytes))
        }
    }

    private func url(_ request: S3Request) -> String {
        "\(address.isSecure ? "https" : "http")://\(request.authority)\(request.target)"
    }

    private func exchange(_ request: S3Request, _ body: Body) async throws -> HTTPClientResponse {
        let now = surroundings.now()
        let signed = signature.sign(request, payloadHash: body.hash, at: now)
        var message = HTTPClientRequest(url: url(signed))
        message.method = HTTPMethod(rawValue: signed.method)
        for (name, value) in signed.headers { message.headers.add(name: name, value: value) }
        if body.bytes.readableBytes > 0 { message.body = .bytes(body.bytes) }
        // Time-outs of silence end a dead connection; a slow one that moves may take its time.
        let response = try await client.execute(message, deadline: .now() + .minutes(30), logger: nil)
        guard (200..<300).contains(response.status.code) else {
            let bytes = (try? await response.body.collect(upTo: 64 * 1024)).map { Array($0.readableBytesView) } ?? []
            let refusal = S3Refusal(status: Int(response.status.code), body: bytes)
            if refusal.isMissingObject || refusal.isMissingBucket || refusal.isMissingUpload || refusal.isPassing {
                throw refusal
            }
            throw refusal.error(at: address, clockDifference: Self.clockDifference(response.headers, now))
        }
        return response
    }

    private func repeated<Result: Sendable>(
        _ request: S3Request, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let started = surroundings.now()
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                if let refusal = error as? S3Refusal, !refusal.isPassing { throw refusal }
                if error is ObjectStoreError { throw error }
                guard attempt < Self.attempts, surroundings.now() - started < Self.patience else {
                    throw failure(error)
                }
                logger.debug(
                    "the object store is asked again",
                    metadata: ["method": "\(request.method)", "path": "\(request.path)", "error": "\(error)"])
                try await pause(pauseLength(after: attempt))
                attempt += 1
            }
        }
    }

    /// Between nothing and twice as much each time, so that many who failed together do not come back together.
    private func pauseLength(after attempt: Int) -> Duration {
        let longest = min(Self.firstPause * (1 << (attempt - 1)), Self.longestPause)
        var generator = surroundings.generator
        return longest * Double.random(in: 0.1...1, using: &generator)
    }

    private func failure(_ error: any Error) -> ObjectStoreError {
        if let refusal = error as? S3Refusal { return refusal.error(at: address, clockDifference: nil) }
        let timeOuts: [HTTPClientError] = [.connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded]
        if let failure = error as? HTTPClientError, timeOuts.contains(failure) {
            return .unavailable("\(address.place) does not answer in time")
        }
        return .unavailable("cannot reach \(address.place): \(Self.reason(error))")
    }

    /// The system's words for a connection that failed, where they can be found.
    private static func reason(_ error: any Error) -> String {
        guard let failure = error as? NIOConnectionError else { return "\(error)" }
        if let first = failure.connectionErrors.first { return "\(first.error)" }
        if failure.dnsAError != nil || failure.dnsAAAAError != nil { return "the host \(failure.host) is not known" }
        return "connection refused"
    }

    private static func clockDifference(_ headers: HTTPHeaders, _ now: Timestamp) -> Duration? {
        guard let text = headers.first(name: "date") else { return nil }
        return HTTPDate.read(text).map { $0 - now }
    }
}
