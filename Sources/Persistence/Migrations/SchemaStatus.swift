/// Where a schema stands against the migrations that this binary knows.
package enum SchemaStatus: Sendable, Hashable {
    /// Nothing was ever applied.
    case empty
    case behind(version: Int, pending: [Migration])
    case current(version: Int)
    /// A newer binary was here.
    case newer(version: Int, known: Int)

    /// Throws when the schema cannot be served from.
    ///
    /// - Throws: `DatabaseError.schemaVersion` with one sentence for the operator.
    package func requireCurrent(_ scope: DatabaseScope) throws {
        let schema =
            switch scope {
            case .platform: "the platform schema"
            case .tenant(let tenant): "the schema of tenant \(tenant)"
            }
        switch self {
        case .current: return
        case .empty:
            throw DatabaseError.schemaVersion("\(schema) is empty; run `mockforge migrate` and start again")
        case .behind(let version, let pending):
            let newest = pending.last?.version ?? version
            throw DatabaseError.schemaVersion(
                "\(schema) is at version \(version) and this binary needs \(newest); run `mockforge migrate` and start again"
            )
        case .newer(let version, let known):
            throw DatabaseError.schemaVersion(
                "\(schema) is at version \(version) and this binary knows only \(known), so it cannot serve and "
                    + "`mockforge migrate` cannot go back; install the newer mockforge")
        }
    }
}
