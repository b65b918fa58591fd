import DataPlane
import Domain
import JSON
import Persistence
import TestSupport
import Testing

/// Routes that answer with files of their workspace.
@Suite(.timeLimit(.minutes(10))) struct AssetTests {
    @Test func `a route answers with a file, and one whose file was lost takes no other along`() async throws {
        let hosting = try await Hosting()
        let store = FolderObjectStore(hosting.folder.path + "/objects")
        let asset = AssetRecord(
            id: AssetID(from: .system), workspaceID: hosting.workspace, name: "logo", contentType: "image/svg+xml",
            size: 6, sha256: "", objectKey: "workspaces/logo", createdAt: Timestamp(seconds: 0))
        try await store.put(Array("<svg/>".utf8), key: asset.objectKey, tenant: hosting.tenant)
        let route = RouteRecord(
            id: RouteID(from: .system), mockID: hosting.mock, position: 9,
            definition: [
                "method": "GET", "path": "/logo", "responses": [["body_asset": .string(asset.id.text)]],
            ], origin: .null, createdAt: asset.createdAt, updatedAt: asset.createdAt)
        try await hosting.database.write(.tenant(hosting.tenant)) { sql in
            try AssetRepository(sql).insert(asset)
            try RouteRepository(sql).insert(route)
        }
        await hosting.announcements.publish(.mocksChanged(hosting.tenant, hosting.workspace))
        try await LoopbackServer.run(hosting) { server async throws in
            let answer = try await server.request("GET", "/logo")
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.contains("Content-Type: image/svg+xml\r\n"))
            #expect(answer.lowercased().contains("x-content-type-options: nosniff\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n<svg/>"))
            try await store.delete(key: asset.objectKey, tenant: hosting.tenant)
            await hosting.announcements.publish(.mocksChanged(hosting.tenant, hosting.workspace))
            #expect(try await server.request("GET", "/logo").hasPrefix("HTTP/1.1 404 "))
            #expect(try await server.request("GET", "/hello").hasSuffix("\r\n\r\nhello"))
        }
    }
}
