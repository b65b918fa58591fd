import Domain

/// Brings the platform schema and every tenant's to the version of this binary.
package struct Migrator: Sendable {
    /// What happened, or in a dry run would happen, to one schema.
    package struct Step: Sendable {
        package let scope: DatabaseScope
        package let migrations: [Migration]
        /// How many schemas are done with this one.
        package let position: Int
        package let count: Int
    }

    private let database: any Database

    package init(_ database: any Database) { self.database = database }

    /// The schemas that are not current, the platform first.
    package func pending() async throws -> [(scope: DatabaseScope, status: SchemaStatus)] {
        var result: [(scope: DatabaseScope, status: SchemaStatus)] = []
        for scope in try await scopes() {
            let status = try await database.schemaStatus(scope)
            if case .current = status { continue }
            result.append((scope, status))
        }
        return result
    }

    /// Throws unless every schema is current.
    ///
    /// - Throws: `DatabaseError.schemaVersion` with one sentence that names the command that helps.
    package func requireCurrent() async throws {
        for (scope, status) in try await pending() { try status.requireCurrent(scope) }
    }

    /// How many tenants' schemas `requireStart` looks at.
    package static let startSample = 3

    /// What a server asks before it serves: the platform's schema and a few tenants', however many there are. The drivers
    /// look at each of the others when it is first used.
    ///
    /// The few are the last ones by id, since a migration goes by id: those that one that was cut off has not reached.
    ///
    /// - Throws: as `requireCurrent`.
    package func requireStart() async throws {
        try await database.schemaStatus(.platform).requireCurrent(.platform)
        let sample = try await database.read(.platform) { sql in
            try TenantRepository(sql).lastProvisioned(limit: Self.startSample)
        }
        for tenant in sample {
            do { try await database.schemaStatus(.tenant(tenant)).requireCurrent(.tenant(tenant)) } catch DatabaseError
                .noSuchSchema
            {
                continue
            }
        }
    }

    /// Migrates the platform and then the tenants, each in a transaction of its own, so an interrupted run goes on where it
    /// stopped. The first failure ends the run when what is in progress is done.
    ///
    /// - Parameters:
    ///   - workers: how many tenants at a time.
    ///   - progress: called for each schema when it is done, one call after the other.
    /// - Returns: the steps that had something to do.
    @discardableResult
    package func migrate(
        dryRun: Bool = false, workers: Int = 1, progress: @Sendable (Step) -> Void = { _ in }
    ) async throws -> [Step] {
        let scopes = try await scopes()
        var steps: [Step] = []
        var done = 0
        func finish(_ scope: DatabaseScope, _ migrations: [Migration]) {
            done += 1
            let step = Step(scope: scope, migrations: migrations, position: done, count: scopes.count)
            progress(step)
            if !migrations.isEmpty { steps.append(step) }
        }
        // A tenant's schema may rely on what the platform's new version says.
        finish(.platform, try await migrateOrPlan(.platform, dryRun))
        try await withThrowingTaskGroup(of: (DatabaseScope, [Migration]).self) { group in
            var waiting = scopes.dropFirst()
            func addNext() {
                guard !Task.isCancelled, let scope = waiting.popFirst() else { return }
                group.addTask { (scope, try await migrateOrPlan(scope, dryRun)) }
            }
            for _ in 0..<max(1, workers) { addNext() }
            while let (scope, migrations) = try await group.next() {
                finish(scope, migrations)
                addNext()
            }
            try Task.checkCancellation()
        }
        return steps
    }

    private func migrateOrPlan(_ scope: DatabaseScope, _ dryRun: Bool) async throws -> [Migration] {
        dryRun ? try await planned(scope) : try await database.migrateSchema(scope)
    }

    private func planned(_ scope: DatabaseScope) async throws -> [Migration] {
        let status = try await database.schemaStatus(scope)
        switch status {
        case .empty: return database.migrationSets[scope].migrations
        case .behind(_, let pending): return pending
        case .current, .newer:
            try status.requireCurrent(scope)
            return []
        }
    }

    private func scopes() async throws -> [DatabaseScope] {
        [.platform] + (try await database.schemas()).map(DatabaseScope.tenant)
    }
}
