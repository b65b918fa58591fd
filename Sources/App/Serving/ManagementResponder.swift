import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Prometheus

/// Answers on the management port: metrics and health, for the platform's own machinery.
struct ManagementResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let readiness: Readiness
    let metrics: Registry
    /// Asks the database for something small; throws when it does not answer.
    let probe: @Sendable () async throws -> Void

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"])
        }
        let response: Response
        switch request.uri.path {
        case "/metrics":
            response = Self.response(.ok, metrics.text(), Registry.mediaType)
        case "/health", "/health/live":
            response = Self.health(.ok, "ok")
        case "/health/ready":
            response = await ready()
        default:
            response = Self.response(
                .notFound, Array("here are /metrics, /health/live and /health/ready\n".utf8),
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
        response(status, (["status": .string(text)] as JSON).bytes, "application/json")
    }

    private static func response(_ status: HTTPResponse.Status, _ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
