import Domain

/// Brings the platform schema and every tenant's to the version of this binary.
package struct Migrator: Sendable {
    /// What happened, or in a dry run would happen, to one schema.
    package struct Step: Sendable {
        package let scope: DatabaseScope
        package let migrations: [Migration]
        /// This schema's number among all, from 1.
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

    /// Throws unless every schema is current: what a server asks before it serves.
    ///
    /// - Throws: `DatabaseError.schemaVersion` with one sentence that names the command that helps.
    package func requireCurrent() async throws {
        for (scope, status) in try await pending() { try status.requireCurrent(scope) }
    }

    /// Migrates schema after schema, each in a transaction of its own, so an interrupted run goes on where it stopped.
    ///
    /// - Returns: the steps that had something to do.
    @discardableResult
    package func migrate(
        dryRun: Bool = false, progress: @Sendable (Step) -> Void = { _ in }
    ) async throws -> [Step] {
        let scopes = try await scopes()
        var steps: [Step] = []
        for (index, scope) in scopes.enumerated() {
            let migrations = dryRun ? try await planned(scope) : try await database.migrateSchema(scope)
            let step = Step(scope: scope, migrations: migrations, position: index + 1, count: scopes.count)
            progress(step)
            if !migrations.isEmpty { steps.append(step) }
        }
        return steps
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
