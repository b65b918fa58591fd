import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Prometheus

/// Answers on the management port: metrics and health, for the platform's own machinery.
struct ManagementResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    private static let pieceLength = 64 * 1024

    let readiness: Readiness
    let metrics: MetricsText
    /// Asks the database for something small; throws when it does not answer.
    let probe: @Sendable () async throws -> Void

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        let response: Response
        switch request.uri.path {
        case "/metrics":
            response = Self.response(.ok, await metrics.current(), Registry.mediaType)
        case "/health", "/health/live":
            response = Self.health(.ok, "ok")
        case "/health/ready":
            response = await ready()
        default:
            response = Self.response(
                .notFound, ByteBuffer(string: "here are /metrics, /health/live and /health/ready\n"),
                "text/plain; charset=utf-8")
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// A node without its database is still ready: it answers mock traffic from memory. All nodes lose a shared database
    /// at the same moment, and a balancer that took them all out would turn away what they can answer.
    private func ready() async -> Response {
        guard readiness.isReady else { return Self.health(.serviceUnavailable, "stopping") }
        do {
            try await probe()
            return Self.health(.ok, "ok")
        } catch {
            return Self.health(.ok, "degraded: the database does not answer")
        }
    }

    private static func health(_ status: HTTPResponse.Status, _ text: String) -> Response {
        response(status, ByteBuffer(bytes: (["status": .string(text)] as JSON).bytes), "application/json")
    }

    /// In pieces, since thousands of tenants make megabytes, and between two pieces the event loop can answer others.
    private static func body(_ bytes: ByteBuffer) -> ResponseBody {
        ResponseBody(contentLength: bytes.readableBytes) { writer in
            var rest = bytes
            while let piece = rest.readSlice(length: min(rest.readableBytes, pieceLength)), piece.readableBytes > 0 {
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ bytes: ByteBuffer, _ type: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: body(bytes))
    }
}
