package import Domain
import JSON
import Metering
import MockEngine
import Persistence

/// Reads a workspace from the database and the object store and compiles it.
package struct SnapshotSource: Sendable {
    /// Hears of stored routes and descriptions that could not be compiled and were left out.
    package typealias DefectReport = @Sendable (_ tenant: TenantID, _ workspace: WorkspaceID, _ message: String) -> Void

    /// What one transaction reads.
    private struct Stored: Sendable {
        let workspace: WorkspaceRecord
        let version: Int
        let mocks: [(mock: MockRecord, routes: [RouteRecord])]
        /// Those that enabled mocks answer with.
        let assets: [AssetRecord]
    }

    let database: any Database
    let objects: any ObjectStore
    let journal: any Journal
    /// Where compiling is done: it may take seconds, which the threads that all requests share do not have.
    let threads: TenantThreads
    let heads = ReplyHeads()
    let defects: DefectReport

    /// An imported description: parsed already, as bytes to be parsed, or missing.
    private enum Description: Sendable {
        case parsed(JSON)
        case text([UInt8])
        case missing
    }

    /// Nil when there is no such workspace.
    func snapshot(
        _ slug: String?, of tenant: TenantID, knownDocuments: [WorkspaceID: [String: JSON]],
        sequences: @escaping @Sendable (WorkspaceID) -> SequencePositions, now: Timestamp
    ) async throws -> Snapshot? {
        guard let compact = try await stored(slug, of: tenant) else { return nil }
        let stored = try await whole(compact, of: tenant)
        let known = knownDocuments[stored.workspace.id] ?? [:]
        var descriptions: [String: Description] = [:]
        for (mock, _) in stored.mocks where mock.isEnabled {
            guard let key = mock.source["object_key"]?.string else { continue }
            if let document = known[key] {
                descriptions[key] = .parsed(document)
            } else {
                descriptions[key] = try await objects.get(key: key, tenant: tenant).map { .text($0) } ?? .missing
            }
        }
        let assets = try await files(stored.assets, of: tenant)
        return try await threads.run(for: tenant) { [descriptions] in
            compile(stored, descriptions, assets, of: tenant, sequences: sequences, now: now)
        }
    }

    private func compile(
        _ stored: Stored, _ descriptions: [String: Description], _ assets: [String: AssetFile], of tenant: TenantID,
        sequences: (WorkspaceID) -> SequencePositions, now: Timestamp
    ) -> Snapshot {
        let workspace = stored.workspace
        let report = { (message: String) in defects(tenant, workspace.id, message) }
        var documents: [String: JSON] = [:]
        var mocks: [MockDefinition] = []
        for (mock, routes) in stored.mocks where mock.isEnabled {
            var document: JSON?
            if let key = mock.source["object_key"]?.string, let description = descriptions[key] {
                document = Self.document(description, key, report)
                documents[key] = document
            }
            mocks.append(
                MockDefinition(
                    id: mock.id, name: mock.name, basePath: mock.basePath,
                    routes: routes.compactMap { Self.definition($0, report) }, document: document,
                    assets: assets))
        }
        let settings = WorkspaceSettings(stored: workspace.settings)
        let compiled = CompiledWorkspace(
            id: workspace.id, slug: workspace.slug, settings: settings, mocks: mocks,
            sequences: sequences(workspace.id))
        for defect in compiled.defects { report("route \(defect.routeID): \(defect.message)") }
        return Snapshot(
            workspace: compiled, settings: settings, version: stored.version, isDefault: workspace.isDefault,
            documents: documents, journal: journal.appender(tenant: tenant, workspace: workspace.id),
            heads: heads, now: now)
    }

    /// The bytes of files by their ids; a route whose file is missing is left out when it is compiled. The API bounds the
    /// sum of a workspace.
    private func files(_ records: [AssetRecord], of tenant: TenantID) async throws -> [String: AssetFile] {
        var files: [String: AssetFile] = [:]
        for record in records {
            guard let bytes = try await objects.get(key: record.objectKey, tenant: tenant) else { continue }
            files[record.id.text] = AssetFile(contentType: record.contentType, bytes: bytes)
        }
        return files
    }

    /// The same with the definitions that the object store has; a route whose definition is missing there is left out.
    private func whole(_ stored: Stored, of tenant: TenantID) async throws -> Stored {
        let documents = LargeDocuments(objects, of: tenant)
        var mocks = stored.mocks
        for index in mocks.indices where mocks[index].mock.isEnabled {
            guard mocks[index].routes.contains(where: { LargeDocuments.key($0.definition) != nil }) else { continue }
            var routes: [RouteRecord] = []
            for var route in mocks[index].routes {
                do {
                    route.definition = try await documents.load(route.definition)
                    routes.append(route)
                } catch let missing as LargeDocuments.Missing {
                    defects(tenant, stored.workspace.id, "route \(route.id): \(missing)")
                }
            }
            mocks[index].routes = routes
        }
        return Stored(
            workspace: stored.workspace, version: stored.version, mocks: mocks, assets: stored.assets)
    }

    private func stored(_ slug: String?, of tenant: TenantID) async throws -> Stored? {
        do {
            return try await database.read(.tenant(tenant)) { sql in
                let workspaces = WorkspaceRepository(sql)
                let found =
                    if let slug { try Slug(slug).flatMap { try workspaces.find(slug: $0) } } else {
                        try workspaces.findDefault()
                    }
                guard let workspace = found else { return nil }
                let mocks = try MockRepository(sql).all(workspace: workspace.id)
                let routes = Dictionary(grouping: try RouteRepository(sql).all(workspace: workspace.id), by: \.mockID)
                let version = try workspaces.contentVersion(workspace.id) ?? 0
                var used: Set<AssetID> = []
                for mock in mocks where mock.isEnabled {
                    for route in routes[mock.id] ?? [] { used.formUnion(AssetRepository.assets(in: route.definition)) }
                }
                return Stored(
                    workspace: workspace, version: version, mocks: mocks.map { ($0, routes[$0.id] ?? []) },
                    assets: try used.sorted().compactMap { try AssetRepository(sql).find($0) })
            }
        } catch DatabaseError.noSuchSchema {
            return nil
        }
    }

    private static func document(_ description: Description, _ key: String, _ report: (String) -> Void) -> JSON? {
        switch description {
        case .parsed(let document): return document
        case .missing:
            report("the imported description \(key) is not in the object store")
            return nil
        case .text(let bytes):
            do { return try SourceDocument(bytes).root } catch {
                report("the imported description \(key) cannot be read: \(error)")
                return nil
            }
        }
    }

    private static func definition(_ record: RouteRecord, _ report: (String) -> Void) -> RouteDefinition? {
        let violations = Violations()
        guard
            var route = RouteDefinition(json: record.definition, id: record.id, at: .root, violations: violations),
            violations.list.isEmpty
        else {
            let reasons = violations.list.map { "\($0.pointer) \($0.message)" }.joined(separator: "; ")
            report("route \(record.id): \(reasons)")
            return nil
        }
        if let operation = record.origin["operation"], let path = operation["path"]?.string,
            let method = operation["method"]?.string
        {
            route.operation = OperationReference(path: path, method: method)
        }
        return route
    }
}
