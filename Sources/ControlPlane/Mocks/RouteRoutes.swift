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
        let paging = try context.request.paging()
        let list = try await context.read { sql in
            guard try MockRepository(sql).find(mockID) != nil else { throw Problem.notFound("mock") }
            let routes = RouteRepository(sql)
            return try paging.reply(
                page: { try routes.list(mock: mockID, page: $0) },
                after: { try routes.list(mock: mockID, after: $0, limit: $1) }, json: \.json)
        }
        return try await context.shown(list)
    }

    private static func create(_ context: TenantContext) async throws -> Reply {
        let mockID = try context.mockID()
        let id = RouteID(from: context.platform.surroundings)
        let body = try context.request.json()
        let assets = try await context.read { sql in try NamedAssets(in: body, of: mockID, sql) }
        let definition = try await RouteBody.definition(body, id: id, assets, in: context).json
        let now = context.platform.surroundings.now()
        let room = try await StorageRoom(for: context.request.body.count, in: context)
        return try await context.storing(definition, of: id, in: mockID, room) { stored, room in
            try await context.write { sql in
                guard let mock = try MockRepository(sql).find(mockID) else { throw Problem.notFound("mock") }
                let routes = RouteRepository(sql)
                guard try routes.count(mock: mockID) < limit else { throw tooMany }
                try NamedAssets.require(of: definition, by: id, in: mock.workspaceID, sql)
                let isOver = try room.take(sql)
                var record = RouteRecord(
                    id: id, mockID: mockID, position: try routes.nextPosition(mock: mockID), definition: stored,
                    origin: .null, createdAt: now, updatedAt: now)
                try routes.insert(record)
                record.definition = definition
                var reply = Reply.created(
                    record.json, location: "/api/v1/mocks/\(mockID)/routes/\(id)", version: record.version)
                if isOver { reply.nameLimit(.maxStorageMB) }
                return Change(
                    reply,
                    audit: [AuditNote("route.create", target: id.text, detail: RouteBody.summary(definition))],
                    announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
            }
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        let route = try await context.read { sql in try RouteRepository(sql).require(routeID, in: mockID) }
        return .object(try await context.shown(route), version: route.version)
    }

    private static func update(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        let patch = try context.request.json()
        let now = context.platform.surroundings.now()
        let room = try await StorageRoom(for: context.request.body.count, in: context)
        do {
            return try await context.write { sql in
                let current = try RouteRepository(sql).require(routeID, in: mockID)
                try context.request.requireMatch(version: current.version)
                guard LargeDocuments.key(current.definition) == nil else { throw LargeRoute() }
                let definition = try merged(current.definition, patch, routeID, in: mockID, sql)
                guard !LargeDocuments.isLarge(definition) else { throw LargeRoute() }
                return try write(definition, shownAs: definition, to: current, room, sql, at: now, context)
            }
        } catch is LargeRoute {
            return try await updateLarge(routeID, in: mockID, patch, room, at: now, context)
        }
    }

    /// What is in the object store cannot be read within a transaction.
    private struct LargeRoute: Error {}

    /// How often a change is made anew because another one came in between.
    private static let attempts = 5

    private static func updateLarge(
        _ routeID: RouteID, in mockID: MockID, _ patch: JSON, _ room: StorageRoom, at now: Timestamp,
        _ context: TenantContext
    ) async throws -> Reply {
        for _ in 0..<attempts {
            let seen = try await context.read { sql in try RouteRepository(sql).require(routeID, in: mockID) }
            try context.request.requireMatch(version: seen.version)
            let before = try await context.documents.load(seen.definition)
            let definition = try await context.read { sql in try merged(before, patch, routeID, in: mockID, sql) }
            do {
                let reply = try await context.storing(definition, of: routeID, in: mockID, room) { stored, room in
                    try await context.write { sql in
                        let current = try RouteRepository(sql).require(routeID, in: mockID)
                        guard current.version == seen.version else { throw Problem.changedMeanwhile }
                        return try write(stored, shownAs: definition, to: current, room, sql, at: now, context)
                    }
                }
                if let old = LargeDocuments.key(seen.definition) { await context.removeObject(old) }
                return reply
            } catch let problem as Problem where problem.code == Problem.changedMeanwhile.code {
                continue
            }
        }
        throw Problem.changedMeanwhile
    }

    private static func merged(
        _ definition: JSON, _ patch: JSON, _ id: RouteID, in mock: MockID, _ sql: any SQLSession
    ) throws -> JSON {
        guard patch.object != nil else {
            throw Problem.invalid([Violation(.root, "invalid_type", "must be an object, is \(patch.typeName)")])
        }
        let body = definition.merging(patch)
        return try RouteBody.definition(body, id: id, try NamedAssets(in: body, of: mock, sql)).json
    }

    private static func write(
        _ stored: JSON, shownAs definition: JSON, to current: RouteRecord, _ room: StorageRoom, _ sql: any SQLSession,
        at now: Timestamp, _ context: TenantContext
    ) throws -> Change {
        guard let mock = try MockRepository(sql).find(current.mockID) else { throw Problem.notFound("mock") }
        try NamedAssets.require(of: definition, by: current.id, in: mock.workspaceID, sql)
        let isOver = try room.take(sql)
        var record = current
        record.definition = stored
        record.updatedAt = now
        guard var written = try RouteRepository(sql).update(record, expectedVersion: current.version) else {
            throw Problem.changedMeanwhile
        }
        written.definition = definition
        var reply = Reply.object(written.json, version: written.version)
        if isOver { reply.nameLimit(.maxStorageMB) }
        return Change(
            reply,
            audit: [AuditNote("route.update", target: current.id.text, detail: RouteBody.summary(definition))],
            announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let (mockID, routeID) = (try context.mockID(), try context.routeID())
        let seen = try await context.read { sql in try RouteRepository(sql).find(routeID)?.definition }
        let reply = try await context.write { sql in
            guard let mock = try MockRepository(sql).find(mockID) else { throw Problem.notFound("mock") }
            let current = try RouteRepository(sql).require(routeID, in: mockID)
            try context.request.requireMatch(version: current.version)
            _ = try RouteRepository(sql).delete(routeID)
            return Change(
                .noContent,
                audit: [AuditNote("route.delete", target: routeID.text, detail: RouteBody.summary(current.definition))],
                announcing: [.mocksChanged(context.tenant.id, mock.workspaceID)])
        }
        if let key = seen.flatMap(LargeDocuments.key) { await context.removeObject(key) }
        return reply
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
