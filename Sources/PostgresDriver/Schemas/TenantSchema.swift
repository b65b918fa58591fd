import Domain
import Persistence

/// One tenant's schema and role, seen by the login role in one transaction.
struct TenantSchema {
    let tenant: TenantID
    let session: PostgresSession
    let database: String

    init(_ tenant: TenantID, session: PostgresSession, database: String) {
        self.tenant = tenant
        self.session = session
        self.database = database
    }

    private var role: String { SchemaNames.role(tenant, database: database) }
    private var quotedRole: String { SchemaNames.quoted(role) }
    private var quotedSchema: String { SchemaNames.quoted(tenant.schemaName) }

    func exists() throws -> Bool {
        try session.first(
            "SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = $1", [.text(tenant.schemaName)])
            != nil
    }

    private func roleExists() throws -> Bool {
        try session.first("SELECT 1 AS found FROM pg_catalog.pg_roles WHERE rolname = $1", [.text(role)]) != nil
    }

    /// Makes both and enters the schema. The role logs in nowhere and owns this schema and nothing else.
    func create() throws {
        // Left by a database of the same name that was dropped: roles outlive it.
        if try !roleExists() { try session.run(script: "CREATE ROLE \(quotedRole) NOLOGIN") }
        try session.run(
            script: """
                GRANT \(quotedRole) TO CURRENT_USER; CREATE SCHEMA \(quotedSchema) AUTHORIZATION \(quotedRole)
                """)
        try enter()
    }

    func enter() throws {
        try session.run(
            script: TransactionOpening.entering(.tenant(tenant), database: database).joined(separator: "; "))
    }

    /// Removes both, whichever is there.
    func drop() throws {
        let hasRole = try roleExists()
        if try exists() {
            // As its owner, which a login role without inheritance is not.
            if hasRole { try session.run(script: "SET LOCAL ROLE \(quotedRole)") }
            try session.run(script: "DROP SCHEMA \(quotedSchema) CASCADE")
            try session.run(script: "SET LOCAL ROLE NONE")
        }
        if hasRole { try session.run(script: "DROP ROLE \(quotedRole)") }
    }

    /// Bytes of tables, their indexes and what is stored beside them.
    func size() throws -> Int {
        try session.first(
            """
            SELECT CAST(COALESCE(SUM(pg_total_relation_size(c.oid)), 0) AS BIGINT) AS bytes
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind IN ('r', 'm')
            """, [.text(tenant.schemaName)])?.integer("bytes") ?? 0
    }
}
