import Domain
import HTTPTypes
import JSON
import MockEngine
import Persistence

/// `/mocks/{mock_id}/routes`: which requests a mock takes and what it answers.
enum RouteRoutes {
    private static let collection = "/mocks/{mock_id}/routes"
    private static let item = "/mocks/{mock_id}/routes/{route_id}"
    /// Routes that one mock may have, whatever the plan.
    static let limit = 10_000

    static let endpoints: [Endpoint] = [
        Endpoint(.get, collection, query: Paging.parameterNames, .tenant(.read, list)),
        Endpoint(.post, collection, body: RouteBody.accepted, .tenant(.write, create)),
        Endpoint(.get, item, .tenant(.read, show)),
        Endpoint(.patch, item, body: RouteBody.acceptedPatch, .tenant(.write, update)),
        Endpoint(.delete, item, .tenant(.write, delete)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let mockID = try context.mockID()
        let violations = context.request.query.violations()
        let paging = Paging(context.request.query, violations)
        try violations.throwIfAny()
        return try await context.read { sql in
            guard try MockRepository(sql).find(mockID) != nil else { throw Problem.notFound("mock") }
            let routes = RouteRepository(sql)
            return try paging.reply(
                page: { try routes.list(mock: mockID, page: $0) },
                after: { try routes.list(mock: mockID, after: $0, limit: $1) }, json: \.json)
        }
    }

    private static func create(_ context: TenantContext) async throws -> Reply {
        let mockID = try context.mockID()
        let id = RouteID(from: context.platform.surroundings)
        let definition = try await RouteBody.definition(try context.request.json(), id: id, in: context)
        let now = context.platform.surroundings.now()
        try await context.requireStorage(adding: context.request.body.count)
        return try await context.write { sql in
            guard let mock = try MockRepository(sql).find(mockID) else { throw Problem.notFound("mock") }
            let routes = RouteRepository(sql)
            guard try routes.count(mock: mockID) < limit else { throw tooMany }
            let record = RouteRecord(
                id: id, mockID: mockID, position: try routes.nextPosition(mock: mockID), definition: definition.json,
                origin: .null, createdAt: now, updatedAt: now)
            try routes.insert(record)
            return Change(
                .created(record.json, location: "/api/v1/mocks/\(mockID)/routes/\(id)", version: record.version),
                audit: [AuditNote("route.create", target: id.text, detail: RouteBody.summary(record.definition))],
                announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        let route = try await context.read { sql in try RouteRepository(sql).require(routeID, in: mockID) }
        return .object(route.json, version: route.version)
    }

    private static func update(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        let patch = try context.request.json()
        let now = context.platform.surroundings.now()
        try await context.requireStorage(adding: context.request.body.count)
        return try await context.write { sql in
            guard let mock = try MockRepository(sql).find(mockID) else { throw Problem.notFound("mock") }
            let current = try RouteRepository(sql).require(routeID, in: mockID)
            try context.request.requireMatch(version: current.version)
            guard patch.object != nil else {
                throw Problem.invalid([Violation(.root, "invalid_type", "must be an object, is \(patch.typeName)")])
            }
            var record = current
            record.definition = try RouteBody.definition(current.definition.merging(patch), id: routeID).json
            record.updatedAt = now
            guard let stored = try RouteRepository(sql).update(record, expectedVersion: current.version) else {
                throw Problem.changedMeanwhile
            }
            return Change(
                .object(stored.json, version: stored.version),
                audit: [AuditNote("route.update", target: routeID.text, detail: RouteBody.summary(record.definition))],
                announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
        }
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        return try await context.write { sql in
            guard let mock = try MockRepository(sql).find(mockID) else { throw Problem.notFound("mock") }
            let current = try RouteRepository(sql).require(routeID, in: mockID)
            try context.request.requireMatch(version: current.version)
            _ = try RouteRepository(sql).delete(routeID)
            return Change(
                .noContent,
                audit: [AuditNote("route.delete", target: routeID.text, detail: RouteBody.summary(current.definition))],
                announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
        }
    }

    static let tooMany = Problem(
        .forbidden, code: "too_many_routes",
        detail: "A mock may have \(limit) routes; put the others into another mock.",
        members: ["limit": JSON(limit)])
}

extension RouteRepository {
    /// The route, if it is in that mock.
    func require(_ id: RouteID, in mock: MockID) throws -> RouteRecord {
        guard let route = try find(id), route.mockID == mock else { throw Problem.notFound("route") }
        return route
    }
}
