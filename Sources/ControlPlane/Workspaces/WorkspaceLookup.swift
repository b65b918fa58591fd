import Domain
import Persistence

extension TenantContext {
    /// The workspace id in the path. What is no id at all answers like an id that is not there.
    func workspaceID() throws(Problem) -> WorkspaceID { try request.id("workspace_id", "workspace") }

    func mockID() throws(Problem) -> MockID { try request.id("mock_id", "mock") }

    func routeID() throws(Problem) -> RouteID { try request.id("route_id", "route") }

    func assetID() throws(Problem) -> AssetID { try request.id("asset_id", "asset") }

    func exportID() throws(Problem) -> ExportID { try request.id("export_id", "export") }

    /// The workspace in the path. The read goes to the caller's own schema, so another tenant's id is simply not there.
    func workspace() async throws -> WorkspaceRecord {
        let id = try workspaceID()
        guard let workspace = try await read({ sql in try WorkspaceRepository(sql).find(id) }) else {
            throw Problem.notFound("workspace")
        }
        return workspace
    }
}
