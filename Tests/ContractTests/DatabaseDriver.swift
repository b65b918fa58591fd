import Domain
import Persistence
import TestSupport
import Testing

/// A driver of the `Database` port that the contract tests run against.
struct DatabaseDriver: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// An empty store of the driver's own; opening it twice shows the same data.
    let makeStore: @Sendable () -> DatabaseStore

    static let all = [
        DatabaseDriver(testDescription: "SQLite") {
            let folder = TemporaryFolder()
            return DatabaseStore { try SQLiteDatabase(folder: folder.path, migrations: $0) }
        }
    ]
}

/// Where a driver keeps its data, alive for one test.
struct DatabaseStore: Sendable {
    private let opening: @Sendable (MigrationSets) throws -> any Database

    init(_ opening: @escaping @Sendable (MigrationSets) throws -> any Database) { self.opening = opening }

    func open(_ migrations: MigrationSets = MigrationSets()) throws -> any Database { try opening(migrations) }
}
