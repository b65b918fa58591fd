import Domain
import HTTPTypes
import JSON
import Persistence

/// `/workspaces/{workspace_id}/assets`: files that routes answer with.
enum AssetRoutes {
    private static let collection = "/workspaces/{workspace_id}/assets"
    private static let item = "/workspaces/{workspace_id}/assets/{asset_id}"
    /// Assets that one workspace may have, whatever the plan.
    static let limit = 10_000
    /// Bytes of an asset where the plan sets no limit.
    static let largest = 100 * Endpoint.Body.mebibyte

    static let endpoints: [Endpoint] = [
        Endpoint(.get, collection, query: Paging.parameterNames, .tenant(.read, list)),
        Endpoint(.post, collection, query: ["name"], body: .file, .tenant(.write, create)),
        Endpoint(.get, item, .tenant(.read, download)),
        Endpoint(.delete, item, .tenant(.write, delete)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let paging = try context.request.paging()
        let workspace = try await context.workspace()
        return try await context.read { sql in
            let assets = AssetRepository(sql)
            return try paging.reply(
                page: { try assets.list(workspace: workspace.id, page: $0) },
                after: { try assets.list(workspace: workspace.id, after: $0, limit: $1) }, json: \.json)
        }
    }

    /// Stores the file first, under a key that nothing else has, and commits the row that names it after that.
    private static func create(_ context: TenantContext) async throws -> Reply {
        let workspace = try await context.workspace().id
        let file = try incoming(context)
        let name = try AssetBody.name(context, file)
        let limit = context.entitlements.limit(.maxRequestBodyKB).value.map { $0 * 1024 } ?? largest
        if let size = file.announcedSize, size > limit { throw IncomingFile.tooLarge(limit) }
        // A file that comes in chunks may become as large as it is allowed to.
        let room = try await StorageRoom(for: file.announcedSize ?? limit, in: context)
        return try await room.claimed(in: context) { room in
            try await store(file, as: name, limit: limit, in: workspace, room, context)
        }
    }

    private static func store(
        _ file: IncomingFile, as name: String, limit: Int, in workspace: WorkspaceID, _ room: StorageRoom,
        _ context: TenantContext
    ) async throws -> Reply {
        let id = AssetID(from: context.platform.surroundings)
        let key = "\(ImportedSource.prefix(workspace))/assets/\(id)"
        let tenant = context.tenant.id
        do {
            try await context.platform.objects.put(file.stream(limit: limit), key: key, tenant: tenant)
        } catch {
            throw file.problem ?? error
        }
        let record = AssetRecord(
            id: id, workspaceID: workspace, name: name, contentType: file.contentType, size: file.size,
            sha256: file.sha256, objectKey: key, createdAt: context.platform.surroundings.now())
        return try await context.keeping([key]) {
            try await context.write { sql in
                guard try WorkspaceRepository(sql).find(workspace) != nil else { throw Problem.notFound("workspace") }
                let assets = AssetRepository(sql)
                guard try assets.count(workspace: workspace) < Self.limit else { throw tooMany }
                guard try assets.find(name: name, in: workspace) == nil else { throw nameTaken(name) }
                let isOver = try room.take(sql)
                try assets.insert(record)
                var reply = Reply.created(record.json, location: record.address)
                if isOver { reply.nameLimit(.maxStorageMB) }
                return Change(
                    reply,
                    audit: [
                        AuditNote(
                            "asset.create", target: id.text,
                            detail: [
                                "name": .string(name), "bytes": JSON(record.size), "sha256": .string(record.sha256),
                            ])
                    ])
            }
        }
    }

    private static func incoming(_ context: TenantContext) throws -> IncomingFile {
        guard let file = context.request.file else {
            throw Problem(.badRequest, code: "body_required", detail: "Send the file as the body.")
        }
        return file
    }

    private static func download(_ context: TenantContext) async throws -> Reply {
        let (workspace, id) = (try context.workspaceID(), try context.assetID())
        let asset = try await context.read { sql in try AssetRepository(sql).require(id, in: workspace) }
        return try await context.file(
            asset.objectKey, size: asset.size, contentType: asset.contentType, name: asset.name,
            tag: "\"\(asset.sha256)\"")
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let (workspace, id) = (try context.workspaceID(), try context.assetID())
        let asset = try await context.read { sql in try AssetRepository(sql).require(id, in: workspace) }
        let reply = try await context.write { sql in
            let assets = AssetRepository(sql)
            let current = try assets.require(id, in: workspace)
            let users = try assets.uses(in: workspace).filter { $0.assets.contains(id) }
            guard users.isEmpty else { throw inUse(current.name, users.map { ($0.route, $0.mock) }) }
            _ = try assets.delete(id)
            return Change(
                .noContent,
                audit: [AuditNote("asset.delete", target: id.text, detail: ["name": .string(current.name)])])
        }
        await context.removeObject(asset.objectKey)
        return reply
    }

    private static func inUse(_ name: String, _ routes: [(route: RouteID, mock: MockID)]) -> Problem {
        let named = routes.prefix(100)
        return Problem(
            .conflict, code: "asset_in_use",
            detail:
                "The asset \"\(name)\" is what \(routes.count) of the workspace's routes answer with; change those first.",
            members: [
                "routes": .array(
                    named.map { ["route_id": .string($0.route.text), "mock_id": .string($0.mock.text)] })
            ])
    }

    private static func nameTaken(_ name: String) -> Problem {
        Problem(
            .conflict, code: "name_taken",
            detail: "The workspace has an asset \"\(name)\" already; delete it first, or choose another name.",
            errors: [Violation(pointer: "query:name", code: "name_taken", message: "is the name of another asset")])
    }

    private static let tooMany = Problem(
        .forbidden, code: "too_many_assets",
        detail: "A workspace may have \(limit) assets; delete some, or use another workspace.",
        members: ["limit": JSON(limit)])
}

extension AssetRepository {
    /// The asset, if it is in that workspace.
    func require(_ id: AssetID, in workspace: WorkspaceID) throws -> AssetRecord {
        guard let asset = try find(id), asset.workspaceID == workspace else { throw Problem.notFound("asset") }
        return asset
    }
}
