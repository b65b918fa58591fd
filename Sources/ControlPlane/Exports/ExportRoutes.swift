import Domain
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Persistence

/// `/workspaces/{workspace_id}/export` and `/exports`: a whole workspace, at once or as a file that is kept for a while.
enum ExportRoutes {
    private static let collection = "/workspaces/{workspace_id}/exports"
    private static let item = "/workspaces/{workspace_id}/exports/{export_id}"
    /// Exports that one workspace may keep at a time.
    static let limit = 100

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/workspaces/{workspace_id}/export", .tenant(.read, export)),
        Endpoint(.get, collection, query: Paging.parameterNames, .tenant(.read, list)),
        Endpoint(.post, collection, .tenant(.write, create)),
        Endpoint(.get, item, .tenant(.read, show)),
        Endpoint(.get, item + "/file", .tenant(.read, download)),
        Endpoint(.delete, item, .tenant(.write, delete)),
    ]

    private static func requirePermission(_ context: TenantContext) throws(Problem) {
        guard context.entitlements.allows(.exportData) else {
            throw Problem.permissionMissing(.exportData, plans: context.platform.plans)
        }
    }

    private static func export(_ context: TenantContext) async throws -> Reply {
        try requirePermission(context)
        let export = try await WorkspaceExport(context)
        let body = ResponseBody { writer in
            for try await piece in export.stream() { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
        return Reply(
            headers: [("Content-Disposition", "attachment; filename=\"\(export.fileName)\"")],
            body: .stream(mediaType: "application/json", body))
    }

    private static func list(_ context: TenantContext) async throws -> Reply {
        let paging = try context.request.paging()
        let workspace = try await context.workspace()
        return try await context.read { sql in
            let exports = ExportRepository(sql)
            return try paging.reply(
                page: { try exports.list(workspace: workspace.id, page: $0) },
                after: { try exports.list(workspace: workspace.id, after: $0, limit: $1) }, json: \.json)
        }
    }

    /// Stores the file first, under a key that nothing else has, and commits the row that names it after that.
    private static func create(_ context: TenantContext) async throws -> Reply {
        try await StorageRoom(for: 0, in: context).checkAhead()
        try requirePermission(context)
        let export = try await WorkspaceExport(context)
        let id = ExportID(from: context.platform.surroundings)
        let workspace = export.workspace.id
        let key = "\(ImportedSource.prefix(workspace))/exports/\(id)"
        let size = try await context.platform.objects.put(export.stream(), key: key, tenant: context.tenant.id)
        let record = ExportRecord(
            id: id, workspaceID: workspace, size: size, objectKey: key,
            createdAt: context.platform.surroundings.now())
        return try await context.keeping([key]) {
            // Counted with the file, whose size was not known before.
            let room = try await StorageRoom(for: size, isStored: true, in: context)
            return try await context.write { sql in
                guard try WorkspaceRepository(sql).find(workspace) != nil else { throw Problem.notFound("workspace") }
                let exports = ExportRepository(sql)
                guard try exports.count(workspace: workspace) < Self.limit else { throw tooMany }
                let isOver = try room.take(sql)
                try exports.insert(record)
                var reply = Reply.created(record.json, location: record.address)
                if isOver { reply.nameLimit(.maxStorageMB) }
                return Change(
                    reply,
                    audit: [AuditNote("export.create", target: id.text, detail: ["bytes": JSON(size)])])
            }
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let (workspace, id) = (try context.workspaceID(), try context.exportID())
        return .object(try await context.read { sql in try ExportRepository(sql).require(id, in: workspace).json })
    }

    private static func download(_ context: TenantContext) async throws -> Reply {
        let (workspace, id) = (try context.workspaceID(), try context.exportID())
        let export = try await context.read { sql in try ExportRepository(sql).require(id, in: workspace) }
        try requirePermission(context)
        return try await context.file(
            export.objectKey, size: export.size, contentType: "application/json", name: "\(id).mockforge.json",
            tag: "\"\(id)\"")
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let (workspace, id) = (try context.workspaceID(), try context.exportID())
        let export = try await context.read { sql in try ExportRepository(sql).require(id, in: workspace) }
        let reply = try await context.write { sql in
            let exports = ExportRepository(sql)
            _ = try exports.require(id, in: workspace)
            _ = try exports.delete(id)
            return Change(.noContent, audit: [AuditNote("export.delete", target: id.text)])
        }
        await context.removeObject(export.objectKey)
        return reply
    }

    private static let tooMany = Problem(
        .forbidden, code: "too_many_exports",
        detail: "A workspace keeps \(limit) exports at most; delete one, or wait until one is over.",
        members: ["limit": JSON(limit)])
}

extension ExportRepository {
    /// The export, if it is of that workspace.
    func require(_ id: ExportID, in workspace: WorkspaceID) throws -> ExportRecord {
        guard let export = try find(id), export.workspaceID == workspace else { throw Problem.notFound("export") }
        return export
    }
}

extension ExportRecord {
    var address: String { "/api/v1/workspaces/\(workspaceID)/exports/\(id)" }

    var json: JSON {
        [
            "id": .string(id.text), "workspace_id": .string(workspaceID.text), "bytes": JSON(size),
            "url": .string(address + "/file"), "created_at": .string(createdAt.rfc3339),
            "expires_at": .string((createdAt + Self.retention).rfc3339),
        ]
    }
}
