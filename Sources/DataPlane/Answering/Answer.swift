import Domain
import HTTPTypes
import MockEngine

extension DataPlane {
    /// Answers a request that was admitted and read whole. Waits for nothing.
    func answer(_ exchange: Exchange, _ snapshot: Snapshot) -> Reply {
        let head = exchange.head
        if snapshot.crossOrigin.isEnabled, CrossOrigin.isPreflight(head) {
            return Reply(status: 204, fields: snapshot.crossOrigin.preflight(head))
        }
        let path = exchange.address?.path ?? "/"
        let outcome = snapshot.workspace.respond(
            to: Self.mockRequest(exchange), position: exchange.position, surroundings)
        if head.method == .options, outcome.outcome == .unmatched,
            let methods = snapshot.workspace.allowedMethods(path: path)
        {
            return Reply(status: 204, fields: [.allow: Self.allow(methods)])
        }
        var reply = Reply(status: outcome.status, body: outcome.body)
        reply.delayMilliseconds = outcome.delayMilliseconds
        reply.outcome = outcome
        for header in outcome.headers where !Self.isOurs(header.name) {
            let name = header.name == "content-type" ? HTTPField.Name.contentType : HTTPField.Name(header.name)
            if let name { reply.fields.append(HTTPField(name: name, value: header.value)) }
        }
        if let origin = head.headerFields[.origin], snapshot.crossOrigin.isEnabled,
            !reply.fields.contains(.accessControlAllowOrigin)
        {
            snapshot.crossOrigin.allow(origin, in: &reply.fields)
        }
        if reply.delayMilliseconds > 0, let tenant = exchange.tenant, let refusal = takePlace(exchange, tenant) {
            return Reply(refusal, exchange)
        }
        if !exchange.passedOver.isEmpty {
            let limits = exchange.passedOver.map(\.rawValue).joined(separator: ", ")
            reply.fields.append(HTTPField(name: .wouldRefuse, value: limits))
        }
        return reply
    }

    /// What has to be asked before a request that was read whole can be answered: whose turn it is, where the nodes share
    /// that and the request's route has a sequence of responses.
    func pendingTurn(_ exchange: Exchange, _ snapshot: Snapshot) -> PendingLookup? {
        guard scenarios != nil, snapshot.workspace.hasSequences, !exchange.hasAskedForTurn,
            let tenant = exchange.tenant,
            !(snapshot.crossOrigin.isEnabled && CrossOrigin.isPreflight(exchange.head))
        else { return nil }
        let view = RequestView(Self.mockRequest(exchange))
        var path = view.request.path
        let route = path.withUTF8 { path in
            snapshot.workspace.route(method: view.request.method, path: path) { view }
        }
        guard let route, let turns = snapshot.workspace.turns(of: route.number, for: view) else { return nil }
        return .turn(turns.route, count: turns.count, tenant.id)
    }

    private static func mockRequest(_ exchange: Exchange) -> MockRequest {
        MockRequest(
            method: exchange.head.method.rawValue, host: exchange.host, path: exchange.address?.path ?? "/",
            query: exchange.address?.query, headers: headers(of: exchange), body: exchange.body,
            receivedAt: exchange.receivedAt)
    }

    private static func headers(of exchange: Exchange) -> [HeaderField] {
        let fields = exchange.head.headerFields
        var headers: [HeaderField] = []
        headers.reserveCapacity(fields.count + 2)
        headers.append(HeaderField("host", exchange.host))
        for field in fields { headers.append(HeaderField(field.name.canonicalName, field.value)) }
        if !exchange.hasOwnRequestID {
            headers.removeAll { $0.name == "x-request-id" }
            headers.append(HeaderField("x-request-id", exchange.requestID))
        }
        return headers
    }

    /// How a message is framed and kept is between us and the client; a mock has no say in it.
    static func isOurs(_ name: String) -> Bool {
        switch name {
        case "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
            "proxy-connection", "x-request-id":
            true
        default: false
        }
    }

    private static func allow(_ methods: MethodSet) -> String {
        switch methods {
        case .any: return "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        case .some(var methods):
            if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
            if !methods.contains("OPTIONS") { methods.append("OPTIONS") }
            return methods.joined(separator: ", ")
        }
    }
}
