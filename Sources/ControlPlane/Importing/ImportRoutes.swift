import Domain
import HTTPTypes
import JSON
import MockEngine
import Persistence

/// `/workspaces/{workspace_id}/import`: whole API descriptions in.
enum ImportRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .post, "/workspaces/{workspace_id}/import", query: ["name", "base_path", "dry_run", "format"],
            body: Endpoint.Body(
                mediaTypes: [
                    "application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml",
                    "application/openapi+json", "application/openapi+yaml", "application/vnd.oai.openapi",
                    "application/vnd.oai.openapi+json", "multipart/form-data",
                ],
                limit: 20 * Endpoint.Body.mebibyte, isRequired: true),
            .tenant(.write, importDescription))
    ]

    private enum Format: String, CaseIterable {
        case auto, json, yaml
    }

    private static func importDescription(_ context: TenantContext) async throws -> Reply {
        let workspace = try await context.workspace()
        let query = context.request.query
        let violations = query.violations()
        let isDryRun = query.bool("dry_run", violations) ?? false
        let format = query.choice("format", Format.self, violations) ?? .auto
        let basePath = query["base_path"].map { BasePath.normalise($0) }
        if case .some(nil) = basePath { query.refuse("base_path", "invalid_format", BasePath.advice, violations) }
        if let name = query["name"], !(1...200).contains(name.count) {
            query.refuse("name", "invalid_length", "must have 1 to 200 characters", violations)
        }
        try violations.throwIfAny()

        let (body, contentType) = (context.request.body, context.request.headers[.contentType] ?? "")
        let surroundings = context.platform.surroundings
        let (file, imported) = try await context.platform.imports.run(for: context.tenant.id) {
            let file = try MultipartFile.unwrap(body, contentType: contentType)
            return (file, try read(file, SourceDocument.Format(rawValue: format.rawValue), surroundings))
        }
        var work = ImportWork(
            workspace: workspace, name: query["name"] ?? imported.name, basePath: basePath ?? nil, file: file,
            imported: imported, surroundings: context.platform.surroundings)
        for note in try await context.read({ [work] sql in try work.notes(sql) }) {
            guard let key = LargeDocuments.key(note) else { continue }
            work.documents[key] = try await context.documents.load(note)
        }
        if isDryRun {
            let quota = MockQuota(context)
            return try await context.read { [work] sql in
                let step = try work.plan(sql)
                if step.isNew { try quota.checkAhead(sql) }
                return .object(work.report(step, isDryRun: true, context))
            }
        }
        return try await perform(work, context)
    }

    /// Stores the text and large definitions first, under keys that no other import has, and commits the rows that name them
    /// after that: at no moment does a row name what is not there.
    private static func perform(_ work: ImportWork, _ context: TenantContext) async throws -> Reply {
        let quota = MockQuota(context)
        let before = try await context.read { sql in
            let step = try work.plan(sql)
            if step.isNew { try quota.checkAhead(sql) }
            return step
        }
        let large = before.large.reduce(0) { $0 + $1.definition.bytes.count }
        let room = try await StorageRoom(for: 2 * work.file.count + large, in: context)
        return try await room.claimed(in: context) { room in
            try await store(work, before, room, quota, context)
        }
    }

    private static func store(
        _ work: ImportWork, _ before: ImportWork.Step, _ room: StorageRoom, _ quota: MockQuota, _ context: TenantContext
    ) async throws -> Reply {
        let workspaceID = work.workspace.id
        let source = ImportedSource(
            work.file, of: before.mock.id, in: workspaceID, from: context.platform.surroundings)
        try await context.platform.objects.put(source.bytes, key: source.objectKey, tenant: context.tenant.id)
        var work = work
        var keys = [source.objectKey]
        for change in before.large {
            let key = context.documentKey(of: change.id, in: before.mock.id, workspaceID)
            work.stored[change.id] = (change.definition, try await context.documents.store(change.definition, at: key))
            keys.append(key)
        }
        let reply = try await context.keeping(keys) { [work] in
            try await context.write { sql in
                let step = try work.plan(sql)
                guard step.mock.id == before.mock.id, step.mock.version == before.mock.version else {
                    throw work.conflict
                }
                let isOver = [
                    QuotaKey.maxMocks: step.isNew ? try quota.check(sql) : false, .maxStorageMB: try room.take(sql),
                ]
                try work.apply(step, source: source, sql)
                let report = work.report(step, isDryRun: false, context)
                let address = "/api/v1/workspaces/\(workspaceID)/mocks/\(step.mock.id)"
                var reply = step.isNew ? Reply.created(report, location: address) : .object(report)
                for key in QuotaKey.allCases where isOver[key] == true { reply.nameLimit(key) }
                return Change(
                    reply,
                    audit: [
                        AuditNote(
                            step.isNew ? "mock.import" : "mock.reimport", target: step.mock.id.text,
                            detail: ["name": .string(work.name), "sha256": .string(source.sha256)])
                    ],
                    announcing: [.mocksChanged(context.tenant.id, workspaceID)])
            }
        }
        if !reply.isReplayed {
            let old = [before.mock.source["object_key"]?.string].compactMap(\.self) + before.replacedKeys
            for key in old { await context.removeObject(key) }
        }
        return reply
    }

    private static func read(
        _ file: [UInt8], _ format: SourceDocument.Format?, _ surroundings: Surroundings
    ) throws(Problem) -> ImportedMock {
        do {
            return try OpenAPIImporter.read(file, format: format, surroundings: surroundings)
        } catch {
            if error.code == "unsupported_format", isExport(file) { throw exportRefused }
            throw error
        }
    }

    private static func isExport(_ file: [UInt8]) -> Bool {
        String(decoding: file.prefix(200), as: UTF8.self).contains(WorkspaceExport.format)
    }

    private static let exportRefused = Problem(
        .unprocessable, code: "unsupported_format",
        detail: "This is an export of a workspace, which cannot be imported. "
            + "Import the \"source_text\" of each of its mocks instead.")
}
