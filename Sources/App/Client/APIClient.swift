import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1

/// Speaks to a server's management API.
struct APIClient: Sendable {
    /// An answer with a status below 400.
    struct Reply: Sendable {
        let status: Int
        let etag: String?
        /// Null where there is no body.
        let json: JSON
    }

    struct Body: Sendable {
        let bytes: [UInt8]
        let contentType: String

        static func json(_ json: JSON) -> Body { Body(bytes: json.bytes, contentType: "application/json") }
    }

    /// Where the server is: `http://127.0.0.1:8080`, without a slash at the end.
    let url: String
    let token: String?

    private static let largestReply = 64 * 1024 * 1024

    /// The library's own client tries a refused connection again until the time is over; a person wants to know at once.
    static let transport: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(10)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    init(url: String, token: String?) {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        self.token = token
    }

    /// The address of an API path such as `/tenants`; a URL that already ends in `/v1` is taken as it is.
    func address(_ path: String, query: [(name: String, value: String)] = []) -> String {
        let base = url.hasSuffix("/v1") ? url : url + "/api/v1"
        guard !query.isEmpty else { return base + path }
        return base + path + "?"
            + query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
    }

    /// Sends one request.
    ///
    /// - Throws: `CommandFailure`; a refusal carries the problem's sentence and every violation.
    func send(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: Body? = nil,
        idempotencyKey: String? = nil
    ) async throws(CommandFailure) -> Reply {
        let (status, etag, bytes) = try await exchange(method, path, query, body, idempotencyKey)
        let json = bytes.isEmpty ? JSON.null : try? JSON.parse(bytes)
        guard status < 400 else { throw Self.failure(status: status, json ?? .null) }
        guard let json else {
            throw CommandFailure(
                .software, "\(url) answered \(status) with a body that is not JSON. Is it a MockForge server?")
        }
        return Reply(status: status, etag: etag, json: json)
    }

    private func exchange(
        _ method: String, _ path: String, _ query: [(name: String, value: String)], _ body: Body?,
        _ idempotencyKey: String?
    ) async throws(CommandFailure) -> (status: Int, etag: String?, bytes: [UInt8]) {
        do {
            var request = HTTPClientRequest(url: address(path, query: query))
            request.method = HTTPMethod(rawValue: method)
            request.headers.add(name: "accept", value: "application/json")
            request.headers.add(name: "user-agent", value: "mockforge/\(Version.text)")
            if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
            if let idempotencyKey { request.headers.add(name: "idempotency-key", value: idempotencyKey) }
            if let body {
                request.headers.add(name: "content-type", value: body.contentType)
                request.body = .bytes(ByteBuffer(bytes: body.bytes))
            }
            let response = try await Self.transport.execute(request, timeout: .seconds(120))
            let buffer = try await response.body.collect(upTo: Self.largestReply)
            return (Int(response.status.code), response.headers.first(name: "etag"), Array(buffer.readableBytesView))
        } catch let error as HTTPClientError where error == .invalidURL || error == .unsupportedScheme("") {
            throw CommandFailure(.usage, "\"\(url)\" is not an address such as http://127.0.0.1:8080")
        } catch {
            throw CommandFailure(
                .unreachable,
                "no answer from \(url): \(Self.reason(error)). Is the server running? Try `mockforge doctor`.")
        }
    }

    private static func reason(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("onnection refused") || text.contains("ECONNREFUSED") { return "connection refused" }
        if text.contains("imeout") || text.contains("deadlineExceeded") { return "it took too long" }
        if text.contains("DNS") || text.contains("dns") { return "the host name is not known" }
        return text
    }

    static func failure(status: Int, _ problem: JSON) -> CommandFailure {
        var lines = [problem["detail"]?.string ?? problem["title"]?.string ?? "the server answered \(status)"]
        for violation in problem["errors"]?.array ?? [] {
            let place = violation["pointer"]?.string ?? ""
            lines.append("  \(place.isEmpty ? "body" : place): \(violation["message"]?.string ?? "")")
        }
        if let code = problem["code"]?.string {
            let request = problem["request_id"]?.string.map { ", request \($0)" } ?? ""
            lines.append("  (\(status) \(code)\(request))")
        }
        let code: CommandFailure.Code =
            switch status {
            case 401, 403: .notAuthorized
            case 500...: .software
            default: .refused
            }
        return CommandFailure(code, lines.joined(separator: "\n"))
    }

    /// Percent-encodes all but unreserved characters.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.map { byte -> String in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                return String(UnicodeScalar(byte))
            default:
                return "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }.joined()
    }
}
