import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1

/// A plain client of one port; the host name of a request is its `Host` header.
struct HTTP: Sendable {
    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// Null where the body is not JSON.
        var json: JSON { (try? JSON.parse(bytes)) ?? .null }
    }

    /// Servers are killed and asked before they listen: a refused connection must be an answer, not a wait.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    let port: Int
    var host: String?

    init(port: Int, host: String? = nil) {
        self.port = port
        self.host = host
    }

    func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let host { request.headers.add(name: "host", value: "\(host):\(port)") }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await Self.client.execute(request, timeout: .seconds(60))
        let buffer = try await response.body.collect(upTo: 64 << 20)
        return Reply(
            status: Int(response.status.code), headers: response.headers, bytes: Array(buffer.readableBytesView))
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Reply {
        try await send("GET", path, headers: headers)
    }
}

/// The management API with one token.
struct API: Sendable {
    let http: HTTP
    let token: String

    init(port: Int, token: String) {
        http = HTTP(port: port)
        self.token = token
    }

    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, idempotencyKey: String? = nil
    ) async throws -> HTTP.Reply {
        var headers = [("authorization", "Bearer \(token)")]
        if body != nil { headers.append(("content-type", "application/json")) }
        if let idempotencyKey { headers.append(("idempotency-key", idempotencyKey)) }
        return try await http.send(method, "/api/v1" + path, headers: headers, body: body?.bytes)
    }

    func get(_ path: String) async throws -> HTTP.Reply { try await send("GET", path) }
    func post(_ path: String, _ body: JSON) async throws -> HTTP.Reply { try await send("POST", path, body) }

    /// Provisions a tenant; its record, `api_key` included.
    func tenant(_ subdomain: String, plan: String = "professional") async throws -> JSON {
        let reply = try await post(
            "/tenants",
            [
                "name": .string("Tenant \(subdomain)"), "subdomain": .string(subdomain), "plan": .string(plan),
                "admin_email": "admin@example.com",
            ])
        guard reply.status == 201 else { throw Unexpected(reply) }
        return reply.json
    }

    /// The id of the default workspace.
    func defaultWorkspace() async throws -> String {
        let reply = try await get("/workspaces")
        guard let id = reply.json["data"]?[0]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    func importFile(_ bytes: [UInt8], type: String, query: String = "") async throws -> HTTP.Reply {
        let workspace = try await defaultWorkspace()
        return try await http.send(
            "POST", "/api/v1/workspaces/\(workspace)/import\(query)",
            headers: [("authorization", "Bearer \(token)"), ("content-type", type)], body: bytes)
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ reply: HTTP.Reply) { description = "\(reply.status) \(reply.text)" }
    }
}
