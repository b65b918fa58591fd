package import Domain
package import JSON

/// A data-plane request as the engine sees it: the tenant's part of the address only, the body complete.
package struct MockRequest: Sendable {
    /// Upper case.
    package var method: String
    /// The host header, for the journal and `{{request.host}}`.
    package var host: String
    /// Normalised by `RequestPath` and still percent-encoded; begins with `/`; the tenant's and workspace's prefix are gone.
    package var path: String
    /// What stood after `?`, raw; nil without one.
    package var query: String?
    /// Names in lower case, in the order they came.
    package var headers: [HeaderField]
    package var body: [UInt8]
    package var receivedAt: Timestamp

    package init(
        method: String, host: String = "localhost", path: String, query: String? = nil, headers: [HeaderField] = [],
        body: [UInt8] = [], receivedAt: Timestamp = Timestamp(microseconds: 0)
    ) {
        self.method = method
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }
}

/// A request with what is read out of it on demand and kept: matchers and templates ask for the same things repeatedly.
package final class RequestView {
    package let request: MockRequest
    /// Path parameters of the matched route, decoded.
    package var pathParameters: [(name: String, value: String)] = []

    package init(_ request: MockRequest) { self.request = request }

    /// Query parameters, decoded (`+` is a space), in order.
    package private(set) lazy var queryParameters: [(name: String, value: String)] = FormEncoding.pairs(
        request.query ?? "")

    package private(set) lazy var cookies: [(name: String, value: String)] = CookieHeader.pairs(request.headers)

    /// The body as text; nil when it is not UTF-8.
    package private(set) lazy var bodyText: String? = String(validating: request.body, as: UTF8.self)

    /// The body as JSON; nil when it is not. Duplicate keys are let through: the last wins.
    package private(set) lazy var bodyJSON: JSON? =
        request.body.isEmpty
        ? nil : try? JSON.parse(request.body, limits: JSONLimits(depth: 128, allowsDuplicateKeys: true))

    /// The media type of the body without parameters, in lower case.
    package private(set) lazy var mediaType: String? = header("content-type").map(MediaType.essence)

    /// The first value of a header; `name` in lower case.
    package func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }

    package func headers(_ name: String) -> [String] { request.headers.filter { $0.name == name }.map(\.value) }

    package func queryValues(_ name: String) -> [String] {
        queryParameters.filter { $0.name == name }.map(\.value)
    }

    package func cookieValues(_ name: String) -> [String] { cookies.filter { $0.name == name }.map(\.value) }

    package func pathParameter(_ name: String) -> String? { pathParameters.first { $0.name == name }?.value }
}
