import Domain
import JSON
import MockEngine
import Persistence

/// One import on its way into a workspace: which mock it goes to, what it changes there, and the report.
struct ImportWork: Sendable {
    let workspace: WorkspaceRecord
    /// Decides which mock is meant: one of the same name in the workspace is updated in place.
    let name: String
    /// Nil: a new mock gets the path of the file's first server, an existing one keeps its own.
    let basePath: String?
    let file: [UInt8]
    let imported: ImportedMock
    /// Definitions of the mock's routes that are in the object store, by their keys.
    var documents: [String: JSON] = [:]
    /// What the import has put into the object store: definitions too large for a row, with the notes that stand for them.
    var stored: [RouteID: (definition: JSON, note: JSON)] = [:]
    /// Fresh ids and the time are taken once, so that planning twice gives the same.
    private let freshMockID: MockID
    /// In their wire form, made once.
    private let imports: [ImportPlan.ImportedRoute]
    private let now: Timestamp

    /// The mock and the changes to its routes as of one transaction.
    struct Step: Sendable {
        var mock: MockRecord
        var isNew: Bool
        var plan: ImportPlan
        /// Keys of large definitions that the import replaces or removes.
        var replacedKeys: [String] = []

        /// Definitions that do not fit into a row.
        var large: [ImportPlan.Change] {
            (plan.created + plan.updated).filter { LargeDocuments.isLarge($0.definition) }
        }
    }

    init(
        workspace: WorkspaceRecord, name: String, basePath: String?, file: [UInt8], imported: ImportedMock,
        surroundings: Surroundings
    ) {
        self.workspace = workspace
        self.name = name.isEmpty ? "Imported API" : String(name.prefix(200))
        self.basePath = basePath
        self.file = file
        self.imported = imported
        freshMockID = MockID(from: surroundings)
        imports = imported.routes.compactMap { route in
            route.operation.map {
                ImportPlan.ImportedRoute(id: route.id, operation: $0, definition: route.json)
            }
        }
        now = surroundings.now()
    }

    func plan(_ sql: any SQLSession) throws -> Step {
        // Gone meanwhile, perhaps: the file took its time.
        guard try WorkspaceRepository(sql).find(workspace.id) != nil else { throw Problem.notFound("workspace") }
        let mocks = try MockRepository(sql).all(workspace: workspace.id)
        guard let mock = mocks.first(where: { $0.name == name }) else {
            let mock = MockRecord(
                id: freshMockID, workspaceID: workspace.id, name: name,
                basePath: basePath ?? imported.suggestedBasePath,
                source: .null,
                isEnabled: true, createdAt: now, updatedAt: now)
            return try checked(Step(mock: mock, isNew: true, plan: ImportPlan(existing: [], imported: imports)), 0)
        }
        let routes = try RouteRepository(sql).all(mock: mock.id)
        let existing = try routes.map { route in
            ImportPlan.ExistingRoute(id: route.id, definition: try document(route.definition), origin: route.origin)
        }
        let plan = ImportPlan(existing: existing, imported: imports)
        let replaced = Set(plan.removed + plan.updated.map(\.id))
        let keys = routes.filter { replaced.contains($0.id) }.compactMap { LargeDocuments.key($0.definition) }
        return try checked(Step(mock: mock, isNew: false, plan: plan, replacedKeys: keys), existing.count)
    }

    /// What the object store has of the mock that is meant, as notes of its routes.
    func notes(_ sql: any SQLSession) throws -> [JSON] {
        let mocks = try MockRepository(sql).all(workspace: workspace.id)
        guard let mock = mocks.first(where: { $0.name == name }) else { return [] }
        return try RouteRepository(sql).all(mock: mock.id).map(\.definition).filter { LargeDocuments.key($0) != nil }
    }

    private func document(_ stored: JSON) throws(Problem) -> JSON {
        guard let key = LargeDocuments.key(stored) else { return stored }
        guard let document = documents[key] else { throw conflict }
        return document
    }

    var conflict: Problem {
        Problem(
            .conflict, code: "import_conflict",
            detail: "Another request changed the mock \"\(name)\" meanwhile; send this one again.")
    }

    private func checked(_ step: Step, _ existing: Int) throws(Problem) -> Step {
        guard existing - step.plan.removed.count + step.plan.created.count <= RouteRoutes.limit else {
            throw RouteRoutes.tooMany
        }
        return step
    }

    func apply(_ step: Step, source: ImportedSource, _ sql: any SQLSession) throws {
        let mocks = MockRepository(sql)
        let routes = RouteRepository(sql)
        var mock = step.mock
        mock.source = source.json(imported, at: now)
        if let basePath { mock.basePath = basePath }
        if step.isNew {
            try mocks.insert(mock)
        } else {
            mock.updatedAt = now
            guard try mocks.update(mock, expectedVersion: step.mock.version) != nil else {
                throw Problem.changedMeanwhile
            }
        }
        for id in step.plan.removed { _ = try routes.delete(id) }
        for change in step.plan.updated {
            guard var route = try routes.find(change.id) else { continue }
            route.definition = try row(change)
            route.origin = change.origin
            route.updatedAt = now
            guard try routes.update(route, expectedVersion: route.version) != nil else {
                throw Problem.changedMeanwhile
            }
        }
        let position = try routes.nextPosition(mock: mock.id)
        try routes.insert(
            try step.plan.created.enumerated().map { offset, change in
                RouteRecord(
                    id: change.id, mockID: mock.id, position: position + offset, definition: try row(change),
                    origin: change.origin, createdAt: now, updatedAt: now)
            })
    }

    /// What the row of a route is to hold.
    private func row(_ change: ImportPlan.Change) throws(Problem) -> JSON {
        guard LargeDocuments.isLarge(change.definition) else { return change.definition }
        guard let stored = stored[change.id], stored.definition == change.definition else { throw conflict }
        return stored.note
    }

    /// The answer to an import. A dry run also names each change.
    func report(_ step: Step, isDryRun: Bool, _ context: TenantContext) -> JSON {
        let plan = step.plan
        let basePath = basePath ?? step.mock.basePath
        let url = context.platform.addresses.url(
            of: context.tenant.subdomain, workspace: workspace.isDefault ? nil : workspace.slug, basePath: basePath)
        var object: JSONObject = [
            "mock_id": step.isNew && isDryRun ? .null : .string(step.mock.id.text), "name": .string(step.mock.name),
            "base_path": .string(basePath), "suggested_base_path": .string(imported.suggestedBasePath), "url": url,
            "created": JSON(plan.created.count),
            "updated": JSON(plan.updated.count), "unchanged": JSON(plan.unchanged.count),
            "removed": JSON(plan.removed.count),
            "warnings": .array((imported.warnings + plan.warnings).prefix(200).map(\.json)),
        ]
        if isDryRun {
            func changes(_ action: String, _ list: [ImportPlan.Change]) -> [JSON] {
                list.map {
                    [
                        "action": .string(action), "route_id": action == "create" ? .null : .string($0.id.text),
                        "operation": .string($0.operation.title),
                    ]
                }
            }
            let removed: [JSON] = plan.removed.map {
                ["action": "remove", "route_id": .string($0.text), "operation": .null]
            }
            object["dry_run"] = true
            object["changes"] = .array(
                Array((changes("create", plan.created) + changes("update", plan.updated) + removed).prefix(1000)))
        }
        return .object(object)
    }
}
