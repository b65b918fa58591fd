package import Domain
import JSON

/// Everything that decides a workspace's replies, checked and compiled once: immutable, and shared by all event loops.
package final class CompiledWorkspace: Sendable {
    /// A stored route that cannot be compiled any more: it is left out, the others answer.
    package struct Defect: Sendable, Hashable {
        package let routeID: RouteID
        package let message: String
    }

    // What every request looks at comes first and stands together: of most workspaces nothing is in the cache.
    private let table: RouteTable
    private let routes: [CompiledRoute]
    package let id: WorkspaceID
    package let settings: WorkspaceSettings

    package let slug: Slug
    package let defects: [Defect]
    /// Bytes that this keeps in memory, roughly.
    package let approximateSize: Int
    /// Whether some route's responses take turns.
    package let hasSequences: Bool

    private let nearMisses: NearMissFinder
    private let sequences: SequencePositions

    package init(
        id: WorkspaceID, slug: Slug, settings: WorkspaceSettings, mocks: [MockDefinition],
        sequences: SequencePositions = SequencePositions()
    ) {
        self.id = id
        self.slug = slug
        self.settings = settings
        self.sequences = sequences
        var entries: [RouteTable.Entry] = []
        var routes: [CompiledRoute] = []
        var defects: [Defect] = []
        var size = 4096
        for mock in mocks {
            let schemas = mock.document.map { SchemaSet(document: $0, dialect: Self.dialect(of: $0)) }
            if let document = mock.document { size += Self.approximateSize(of: document) }
            for definition in mock.routes where definition.isEnabled {
                do {
                    let pattern = try RoutePattern(mock.basePath + definition.path)
                    let route = try CompiledRoute(definition, mock: mock, pattern: pattern, schemas: schemas)
                    entries.append(
                        RouteTable.Entry(
                            methods: definition.methods, pattern: pattern, priority: definition.priority,
                            hasConditions: route.match != nil))
                    size += route.approximateSize
                    routes.append(route)
                } catch {
                    defects.append(Defect(routeID: definition.id, message: "\(error)"))
                }
            }
        }
        table = RouteTable(routes: entries)
        nearMisses = NearMissFinder(routes.map(\.nearMissCandidate), table: table)
        self.routes = routes
        hasSequences = routes.contains(where: \.isSequence)
        self.defects = defects
        approximateSize = size
    }

    /// Bytes in memory, roughly: a value takes some forty, a member its key as well.
    private static func approximateSize(of json: JSON) -> Int {
        switch json {
        case .null, .bool, .number: 40
        case .string(let text): 40 + text.utf8.count
        case .array(let elements): elements.reduce(64) { $0 + approximateSize(of: $1) }
        case .object(let object): object.reduce(96) { $0 + 40 + $1.key.utf8.count + approximateSize(of: $1.value) }
        }
    }

    /// OpenAPI 3.0 has a schema dialect of its own; 3.1 uses JSON Schema 2020-12.
    private static func dialect(of document: JSON) -> SchemaDialect {
        document["openapi"]?.string?.hasPrefix("3.0") ?? false ? .openAPI30 : .draft2020
    }

    /// The methods that the routes of a path (in normal form) take; nil when no route has the path.
    package func allowedMethods(path: String) -> MethodSet? { table.allowedMethods(path: path) }

    /// Answers one request. The path must be in the normal form of `RequestPath`.
    package func respond(
        to request: MockRequest, position: Int? = nil, _ surroundings: Surroundings
    ) -> MockReply {
        let view = RequestView(request)
        var path = request.path
        let route = path.withUTF8 { self.route(method: request.method, path: $0) { view } }
        return respond(to: view, from: route?.number, position: position, surroundings)
    }

    package var routeCount: Int { routes.count }

    /// What every request looks at, but for its route.
    package var pieces: [MemoryPiece] {
        [MemoryPiece(self, byteCount: 32)] + table.pieces
    }

    package var beginnings: RouteBeginnings { table.nodes.beginnings }

    /// A route that was looked for. What one wants to have at hand of a route is best kept by the place, which a lookup
    /// knows sooner than the number.
    package struct FoundRoute: Sendable {
        package let number: Int
        package let place: Int
    }

    /// The route that takes a request, by a path in normal form; nil when none does. Asks for the rest of the request only
    /// where a route has conditions, and changes nothing.
    ///
    /// - Parameter nears: told the place of a route before it is known whether that is the one.
    package func route(
        method: String, path: UnsafeBufferPointer<UInt8>, nears: (_ place: Int) -> Void = { _ in },
        view: () -> RequestView
    ) -> FoundRoute? {
        let lookup = table.candidates(method: method, path: path, nears: nears) { index, hasConditions in
            guard hasConditions, let match = routes[index].match else { return true }
            return match.matches(view())
        }
        guard let number = lookup.accepted, let place = lookup.place else { return nil }
        return FoundRoute(number: number, place: place)
    }

    /// The reply that the route with this place gives at once to every request it takes, unless the request states a
    /// preference; nil for a route whose replies differ or wait.
    package func fixedReply(at place: Int) -> MockReply? {
        let route = routes[table.route(at: place)]
        guard route.contract == nil || settings.validation == .off, route.selection == .firstMatch, !route.mayDelay,
            let first = route.responses.first, first.when == nil
        else { return nil }
        return first.constantReply
    }

    /// Whether a reply of the route may have to wait for a delay.
    package func mayDelay(_ route: Int) -> Bool { routes[route].mayDelay }

    /// Whether the responses of the route take turns.
    package func isSequence(_ route: Int) -> Bool { routes[route].isSequence }

    /// Whose turn has to be asked for before a request can be answered, and how many responses take turns; nil when the
    /// reply does not depend on it. Changes nothing.
    package func turns(of route: Int, for view: RequestView) -> (route: RouteID, count: Int)? {
        let compiled = routes[route]
        guard compiled.isSequence else { return nil }
        if settings.validation == .enforce, let contract = compiled.contract {
            view.pathParameters = table.captures(route: route, path: view.request.path)
            guard contract.violations(view).isEmpty else { return nil }
        }
        return compiled.turns(for: view, preference: preference(view)).map { (compiled.id, $0) }
    }

    private func preference(_ view: RequestView) -> Preference {
        view.request.headers.contains { $0.name == "prefer" } ? Preference(view) : Preference()
    }

    /// Answers a request that a route takes, or with nil none does.
    ///
    /// - Parameter position: whose turn it is among the route's responses; nil where the workspace's own count decides.
    package func respond(
        to view: RequestView, from route: Int?, position: Int? = nil, _ surroundings: Surroundings
    ) -> MockReply {
        guard let index = route else { return unmatched(view) }
        let request = view.request
        let route = routes[index]

        var violations: [Violation] = []
        if settings.validation != .off, let contract = route.contract {
            view.pathParameters = table.captures(route: index, path: request.path)
            violations = contract.violations(view)
            if settings.validation == .enforce, !violations.isEmpty {
                return refused(view, violations, route: route)
            }
        }
        let preference = preference(view)
        guard
            let response = route.choose(
                for: view, preference: preference, position: position, sequences: sequences, surroundings)
        else { return unmatched(view) }
        if let reply = response.constantReply, preference.isEmpty, violations.isEmpty { return reply }

        if view.pathParameters.isEmpty {
            view.pathParameters = table.captures(route: index, path: request.path)
        }
        var environment = environment(for: route, request, surroundings)
        do throws(TemplateError) {
            var reply = try response.render(view, &environment, mock: route.mockID, route: route.id)
            if !preference.isEmpty, preference.isSatisfied(by: response) {
                reply.headers.append(HeaderField("preference-applied", preference.applied))
            }
            if !violations.isEmpty {
                reply.violations = violations
                reply.headers.append(HeaderField("mockforge-violations", Self.summary(violations)))
            }
            return reply
        } catch {
            return failed(view, error, route: route)
        }
    }

    /// A seeded workspace gives the same data for the same route and address at every call. Others draw one seed a reply:
    /// the system's generator costs too much to ask for each value.
    private func environment(
        for route: CompiledRoute, _ request: MockRequest, _ surroundings: Surroundings
    ) -> TemplateEnvironment {
        guard let seed = settings.seed else {
            return TemplateEnvironment(now: request.receivedAt, seed: surroundings.random())
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(seed) \(request.method) \(request.path)?\(request.query ?? "") \(route.id)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return TemplateEnvironment(now: request.receivedAt, seed: hash)
    }

    private func unmatched(_ view: RequestView) -> MockReply {
        let request = view.request
        if let allowed = table.allowedMethods(path: request.path), case .some(let methods) = allowed,
            !allowed.contains(request.method), !(request.method == "HEAD" && allowed.contains("GET"))
        {
            let allow = methods.joined(separator: ", ")
            return problem(
                Problem(
                    .methodNotAllowed, code: "method_not_allowed",
                    detail: "No route takes \(request.method) here; there are routes for \(allow).",
                    headers: [("allow", allow)]),
                outcome: .unmatched, view)
        }
        let near = settings.nearMiss ? nearMisses.nearest(to: view) : []
        let json = JSON.array(near.map { $0.json })
        var members: JSONObject = [:]
        var detail = "No route matches \(request.method) \(request.path)."
        if settings.nearMiss {
            members["near_misses"] = json
            if routes.isEmpty {
                detail = "This workspace has no routes yet: import an API description or write a mock."
            }
        }
        var reply = problem(
            Problem(.notFound, code: "no_route", detail: detail, members: members), outcome: .unmatched, view)
        reply.nearMisses = near.isEmpty ? .null : json
        return reply
    }

    /// 415 for the wrong media type, 400 for parameters and unreadable bodies, 422 for a body that breaks its schema.
    private func refused(_ view: RequestView, _ violations: [Violation], route: CompiledRoute) -> MockReply {
        let kind: Problem.Kind =
            if violations.contains(where: { $0.code == "unsupported_media_type" }) {
                .unsupportedMediaType
            } else if violations.contains(where: { !$0.pointer.isEmpty && !$0.pointer.hasPrefix("/") })
                || violations.contains(where: { $0.code == "malformed_json" })
            {
                .badRequest
            } else {
                .unprocessable
            }
        var reply = problem(
            Problem(
                kind, code: "request_violates_description",
                detail: "The request breaks the imported API description in \(violations.count) place(s).",
                errors: violations),
            outcome: .refused, view)
        reply.mockID = route.mockID
        reply.routeID = route.id
        reply.violations = violations
        return reply
    }

    private func failed(_ view: RequestView, _ error: TemplateError, route: CompiledRoute) -> MockReply {
        var reply = problem(
            Problem(.internalError, code: "template_failed", detail: "The route's template failed: \(error)."),
            outcome: .failed, view)
        reply.mockID = route.mockID
        reply.routeID = route.id
        return reply
    }

    private func problem(_ problem: Problem, outcome: MockReply.Outcome, _ view: RequestView) -> MockReply {
        var headers = [HeaderField("content-type", "application/problem+json")]
        headers += problem.headers.map { HeaderField($0.name, $0.value) }
        return MockReply(
            outcome: outcome, status: problem.kind.rawValue, headers: headers,
            body: problem.json(instance: view.request.path, requestID: view.header("x-request-id") ?? "").bytes)
    }

    /// At most five violations, in ASCII, for a header.
    private static func summary(_ violations: [Violation]) -> String {
        var parts = violations.prefix(5).map { "\($0.pointer.isEmpty ? "/" : $0.pointer) \($0.code)" }
        if violations.count > 5 { parts.append("\(violations.count - 5) more") }
        let text = parts.joined(separator: "; ")
        return String(String.UnicodeScalarView(text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) ? $0 : "?" }))
    }
}
