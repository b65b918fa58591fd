import Domain
import Logging
import Persistence
import PostgresDriver
import TestSupport
import Testing

/// A driver of the `Database` port that the contract tests run against.
struct DatabaseDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// An empty store of the driver's own; opening it twice shows the same data.
    let makeStore: @Sendable () -> DatabaseStore

    /// PostgreSQL is among them where `MOCKFORGE_TEST_POSTGRES_URL` says where a server is: `make test` starts one.
    static let all = [sqlite] + (PostgresTestDatabase.isAvailable ? [postgres] : [])

    private static let sqlite = DatabaseDriver(testDescription: "SQLite") {
        let folder = TemporaryFolder()
        return DatabaseStore {
            try SQLiteDatabase(folder: folder.path, migrations: $0, surroundings: .system.keeping(folder))
        }
    }

    private static let postgres = DatabaseDriver(testDescription: "PostgreSQL") {
        let database = PostgresTestDatabase()
        return DatabaseStore { migrations in
            PostgresDatabase(
                try PostgresAddress(database.url + "?pool_size=4&pool_timeout=60"), migrations: migrations,
                surroundings: .system.keeping(database), logger: Logger(label: "test"))
        }
    }
}

extension Surroundings {
    /// The store is gone when the test has opened it; what it opened keeps what it lies in.
    fileprivate func keeping(_ owner: some Sendable) -> Surroundings {
        var surroundings = self
        surroundings.now = { withExtendedLifetime(owner) { now() } }
        return surroundings
    }
}

/// Where a driver keeps its data, alive for one test.
struct DatabaseStore: Sendable {
    private let opening: @Sendable (MigrationSets) throws -> any Database

    init(_ opening: @escaping @Sendable (MigrationSets) throws -> any Database) { self.opening = opening }

    func open(_ migrations: MigrationSets = MigrationSets()) throws -> any Database { try opening(migrations) }
}
