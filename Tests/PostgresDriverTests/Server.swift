import Domain
import Logging
import Persistence
import TestSupport
import Testing

@testable import PostgresDriver

extension Trait where Self == ConditionTrait {
    static var needsPostgres: Self {
        .enabled(
            if: PostgresTestDatabase.isAvailable, "needs MOCKFORGE_TEST_POSTGRES_URL, which `make test` sets")
    }

    static var needsPooler: Self {
        .enabled(
            if: PostgresTestDatabase.isAvailable && PostgresTestDatabase.poolerURL != nil,
            "needs MOCKFORGE_TEST_PGBOUNCER_URL, which `make test` sets")
    }
}

let acme = TenantID("acme000001")!
let other = TenantID("other00001")!

func open(
    _ url: String, migrations: MigrationSets = MigrationSets(), _ change: (inout PostgresAddress) -> Void = { _ in }
) throws -> PostgresDatabase {
    var address = try PostgresAddress(url)
    address.poolSize = 4
    change(&address)
    return PostgresDatabase(address, migrations: migrations, logger: Logger(label: "test"))
}

func insertKey(_ name: String, _ status: Int = 201) -> @Sendable (any SQLSession) throws -> Int {
    { sql in
        try sql.execute(
            """
            INSERT INTO idempotency_keys (key_hash, fingerprint, status, sealed_reply, created_at)
            VALUES ($1, $2, $3, $4, $5)
            """, [.text(name), .text("f"), .init(status), .text(""), .integer(1)])
    }
}

let countKeys: @Sendable (any SQLSession) throws -> Int = { sql in
    try sql.first("SELECT COUNT(*) AS keys FROM idempotency_keys", [])?.integer("keys") ?? 0
}

/// Polls until a condition of another process holds.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        await Task.yield()
    }
    return false
}
