import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

/// Routes whose definition is in the object store.
@Suite(.timeLimit(.minutes(10))) struct LargeRouteTests {
    /// Moves a route's definition to the object store, as the API does with a large one.
    private func moveOut(_ route: RouteID, of hosting: Hosting, _ store: FolderObjectStore) async throws {
        let tenant = hosting.tenant
        let record = try #require(
            try await hosting.database.read(.tenant(tenant)) { try RouteRepository($0).find(route) })
        var moved = record
        moved.definition = try await LargeDocuments(store, of: tenant).store(record.definition, at: "workspaces/large")
        let written = try await hosting.database.write(.tenant(tenant)) { [moved] sql in
            try RouteRepository(sql).update(moved, expectedVersion: record.version)
        }
        #expect(written != nil)
        await hosting.announcements.publish(.mocksChanged(tenant, hosting.workspace))
    }

    @Test func `a route is answered from the object store, and one that was lost there takes no other along`()
        async throws
    {
        let hosting = try await Hosting()
        let store = FolderObjectStore(hosting.folder.path + "/objects")
        let body = String(repeating: "x", count: 100_000)
        let route = try await hosting.addRoute("GET", "/large", body: .string(body))
        try await moveOut(route, of: hosting, store)
        try await LoopbackServer.run(hosting) { server async throws in
            #expect(try await server.request("GET", "/large").hasSuffix("\r\n\r\n\(body)"))
            try await store.delete(key: "workspaces/large", tenant: hosting.tenant)
            await hosting.announcements.publish(.mocksChanged(hosting.tenant, hosting.workspace))
            #expect(try await server.request("GET", "/large").hasPrefix("HTTP/1.1 404 "))
            #expect(try await server.request("GET", "/hello").hasSuffix("\r\n\r\nhello"))
        }
    }
}
