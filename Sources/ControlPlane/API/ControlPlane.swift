import Domain
import HTTPTypes
package import Hummingbird
import Logging
import Metering
import NIOCore
import Persistence

/// The management API as one responder: finds the endpoint, tells who calls, runs it, and maps every failure.
///
/// It reads the endpoint table itself instead of filling a framework router from it: that gives 405 with `Allow`, one
/// table for both spellings of the base address, and a request id before anything can fail.
package struct ControlPlane: HTTPResponder {
    package typealias Context = ControlPlaneRequestContext

    package let table: EndpointTable
    package let platform: Platform
    /// To be flushed by the background services.
    package let keyUse = KeyUse()
    private let authenticator: Authenticator

    package init(platform: Platform, adminToken: AdminToken, endpoints: [Endpoint]) {
        self.platform = platform
        table = EndpointTable(endpoints)
        authenticator = Authenticator(
            adminToken: adminToken, platform: platform, keyUse: keyUse)
    }

    package func respond(to request: Request, context: ControlPlaneRequestContext) async throws -> Response {
        let requestID = Self.requestID(request.headers) ?? freshRequestID()
        var logger = context.logger
        logger[metadataKey: "request_id"] = .string(requestID)
        let target = request.head.path ?? "/"
        let path = String(target.prefix { $0 != "?" })
        let rawQuery = target.dropFirst(path.count).dropFirst()
        let start = ContinuousClock.now

        var response: Response
        do {
            let reply = try await reply(
                to: request, path: path, rawQuery: rawQuery, context: context, requestID: requestID, logger: &logger)
            response = Self.conditional(reply, request).response(requestID: requestID)
        } catch {
            let problem = Problem(mapping: error)
            if let cause = problem.cause {
                logger.error("request failed", metadata: ["error": "\(cause)", "path": "\(path)"])
            }
            response = problem.reply(instance: path, requestID: requestID).response(requestID: requestID)
        }
        if request.method == .head { response = response.createHeadResponse() }
        logger.info(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(path)", "status": "\(response.status.code)",
                "duration": "\(ContinuousClock.now - start)",
            ])
        return response
    }

    private func reply(
        to request: Request, path: String, rawQuery: Substring, context: ControlPlaneRequestContext,
        requestID: String, logger: inout Logger
    ) async throws -> Reply {
        let endpoint: Endpoint
        let parameters: [String: String]
        switch table.match(method: request.method, path: path) {
        case .found(let found, let values): (endpoint, parameters) = (found, values)
        case .wrongMethod(let allow):
            if request.method == .options { return Reply(status: 204, headers: [("Allow", allow)]) }
            throw Problem(
                .methodNotAllowed, code: "method_not_allowed", detail: "This address takes \(allow).",
                headers: [("Allow", allow)])
        case .unknownPath:
            throw Problem(.notFound, code: "unknown_path", detail: "The API has no such address; see /openapi.json.")
        }
        if let tenant = parameters["tenant_id"].flatMap({ TenantID($0) }) {
            logger[metadataKey: "tenant_id"] = "\(tenant)"
        }
        func received(_ logger: Logger) async throws -> APIRequest {
            let file = endpoint.body.isFile ? IncomingFile(request.body, request.headers) : nil
            let body = file == nil ? try await Self.body(of: request, endpoint.body) : []
            let query = QueryParameters(rawQuery, known: endpoint.query)
            if endpoint.query.isEmpty { try query.check() }
            return APIRequest(
                head: request.head, path: path, rawQuery: String(rawQuery), parameters: parameters, query: query,
                body: body, file: file, requestID: requestID, remoteAddress: context.remoteAddress, logger: logger)
        }
        if case .anyone(let handle) = endpoint.handler {
            return try await handle(OpenContext(request: try await received(logger), platform: platform))
        }
        switch (endpoint.handler, try await authenticator.caller(request.head, from: context.remoteAddress)) {
        case (.admin(let handle), .admin), (.both(let handle, _, _), .admin):
            return try await handle(AdminContext(request: try await received(logger), platform: platform))
        case (.tenant(let scope, let handle), .tenant(let tenant, let caller)),
            (.both(_, let scope, let handle), .tenant(let tenant, let caller)):
            logger[metadataKey: "tenant_id"] = "\(tenant.id)"
            try AccountStanding.check(tenant, endpoint)
            let entitlements = platform.plans.entitlements(of: tenant)
            if !platform.enforcement.onlyReports(entitlements.enforcement) {
                try platform.rates.admit(tenant.id, entitlements, at: platform.surroundings.now())
            }
            guard caller.role.scope >= scope else {
                throw Problem(
                    .forbidden, code: "insufficient_scope",
                    detail: "This needs the scope \(scope.rawValue); yours is \(caller.role.scope.rawValue).")
            }
            return try await handle(
                TenantContext(
                    request: try await received(logger), platform: platform, tenant: tenant,
                    caller: caller))
        case (_, .tenant):
            throw Problem(.forbidden, code: "admin_required", detail: "This needs the administrator's token.")
        case (_, .admin):
            throw Problem(
                .forbidden, code: "tenant_key_required",
                detail: "This acts for one tenant: call it with one of the tenant's API keys, or signed in.")
        }
    }

    /// Reads the whole body within the endpoint's limit.
    ///
    /// - Throws: 413 as soon as the limit is known to be passed; 415 for a media type that the endpoint does not read.
    private static func body(of request: Request, _ expected: Endpoint.Body) async throws -> [UInt8] {
        let tooLarge = Problem(
            .contentTooLarge, code: "body_too_large", detail: "The body may have at most \(expected.limit) bytes.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > expected.limit { throw tooLarge }
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            if bytes.count + buffer.readableBytes > expected.limit { throw tooLarge }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        if expected.mediaTypes.isEmpty { return [] }
        if bytes.isEmpty {
            if !expected.isRequired { return [] }
            throw Problem(.badRequest, code: "body_required", detail: "Send a body.")
        }
        let mediaType = APIRequest.mediaType(request.headers)
        guard expected.mediaTypes.contains(mediaType) else {
            let names = expected.mediaTypes.joined(separator: " or ")
            throw Problem(
                .unsupportedMediaType, code: "unsupported_media_type",
                detail: "Send the body as \(names) in the Content-Type header.",
                headers: [
                    (request.method == .patch ? "Accept-Patch" : "Accept", expected.mediaTypes.joined(separator: ", "))
                ])
        }
        return bytes
    }

    /// 304 when the client has the object already.
    private static func conditional(_ reply: Reply, _ request: Request) -> Reply {
        guard request.method == .get || request.method == .head, reply.status == 200, let tag = reply.header("ETag"),
            let known = request.headers[.ifNoneMatch], EntityTag(text: tag).isNamed(in: known, weakly: true)
        else { return reply }
        return Reply(status: 304, headers: reply.headers)
    }

    private static func requestID(_ headers: HTTPFields) -> String? {
        guard let text = headers[.xRequestID], (1...128).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            })
        else { return nil }
        return text
    }

    private func freshRequestID() -> String { JournalID(from: platform.surroundings).text }
}

/// The framework's part of a request, and where it came from.
package struct ControlPlaneRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's IP address; empty where there is none, such as in tests without a network.
    package let remoteAddress: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? ""
    }
}
