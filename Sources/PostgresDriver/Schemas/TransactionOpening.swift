import Domain
import Persistence

/// What every transaction begins with, in one round trip. All of it ends with the transaction, so that a pooler can hand the
/// server's connection to anybody next.
struct TransactionOpening {
    enum Access {
        case read, write
        /// As `write`, with the time that changing tables takes.
        case migrate
    }

    let scope: DatabaseScope
    let access: Access
    let address: PostgresAddress

    /// How long a transaction may stand still before the server ends it: its owner computes between two statements for
    /// milliseconds, unless it hangs or the network is cut, and others wait for its locks meanwhile.
    private static let idleMilliseconds = 60_000
    static let migrationMinutes = 30

    /// - Parameter entersSchema: false for work on the schema as a whole: it stays the login role's.
    func sql(database: String, entersSchema: Bool = true) -> String {
        var statements = [
            access == .read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN ISOLATION LEVEL READ COMMITTED"
        ]
        let seconds = access == .migrate ? Self.migrationMinutes * 60 : Int(address.statementTimeout.components.seconds)
        statements.append("SET LOCAL statement_timeout = \(seconds * 1000)")
        statements.append("SET LOCAL idle_in_transaction_session_timeout = \(Self.idleMilliseconds)")
        if access != .read {
            // One writer for each schema on all nodes, as SQLite has it: counting and inserting in one transaction holds a
            // quota. Every later statement sees what the one before has committed.
            statements.append(
                "SELECT pg_advisory_xact_lock(hashtextextended('mockforge \(SchemaNames.schema(scope))', 0))")
        }
        if access == .migrate {
            statements.append("SET LOCAL lock_timeout = \(Int(address.lockTimeout.components.seconds) * 1000)")
        }
        if entersSchema { statements += Self.entering(scope, database: database) }
        return statements.joined(separator: "; ")
    }

    /// Makes the schema the only one that names mean, and a tenant's role the one that acts.
    static func entering(_ scope: DatabaseScope, database: String) -> [String] {
        var statements: [String] = []
        if case .tenant(let tenant) = scope {
            statements.append(
                "SET LOCAL ROLE \(SchemaNames.quoted(SchemaNames.role(tenant, database: database)))")
        }
        statements.append("SET LOCAL search_path = \(SchemaNames.quoted(SchemaNames.schema(scope))), pg_temp")
        return statements
    }
}
