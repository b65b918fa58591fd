import Domain
import JSON
import Persistence

/// Routes whose definition is too large for a row. The API shows them as any other.
extension TenantContext {
    var documents: LargeDocuments { LargeDocuments(platform.objects, of: tenant.id) }

    /// Stores a large definition first and lets `commit` name it after that, so that no row ever names what is not there.
    ///
    /// - Parameter commit: gets what the row is to hold, and the room to take in its transaction.
    func storing(
        _ definition: JSON, of route: RouteID, in mock: MockID, _ room: StorageRoom,
        _ commit: (JSON, StorageRoom) async throws -> Reply
    ) async throws -> Reply {
        guard LargeDocuments.isLarge(definition) else { return try await commit(definition, room) }
        guard let workspace = try await read({ sql in try MockRepository(sql).find(mock)?.workspaceID }) else {
            throw Problem.notFound("mock")
        }
        let key = documentKey(of: route, in: mock, workspace)
        return try await room.claimed(in: self) { room in
            let note = try await documents.store(definition, at: key)
            return try await keeping([key]) { try await commit(note, room) }
        }
    }

    /// A key for a large definition that was never used.
    func documentKey(of route: RouteID, in mock: MockID, _ workspace: WorkspaceID) -> String {
        let chance = String(platform.surroundings.random(), radix: 36)
        return "\(ImportedSource.prefix(workspace, mock))/routes/\(route)-\(chance)"
    }

    /// A route as the API shows it.
    func shown(_ route: RouteRecord) async throws -> JSON {
        var route = route
        route.definition = try await documents.load(route.definition)
        return route.json
    }

    /// A page of routes with every definition in its place.
    func shown(_ list: Reply) async throws -> Reply {
        guard case .json(let body) = list.body, let routes = body["data"]?.array,
            routes.contains(where: { $0[LargeDocuments.member] != nil })
        else { return list }
        var shown: [JSON] = []
        for route in routes {
            var whole: JSONObject = [:]
            for (name, value) in route.object ?? [:] {
                guard name == LargeDocuments.member else {
                    whole[name] = value
                    continue
                }
                let definition = try await documents.load([LargeDocuments.member: value])
                for (name, value) in definition.object ?? [:] { whole[name] = value }
            }
            shown.append(.object(whole))
        }
        var reply = list
        reply.body = .json(body.merging(["data": .array(shown)]))
        return reply
    }
}
