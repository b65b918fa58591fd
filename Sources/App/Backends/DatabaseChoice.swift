import Domain
import Logging
import Persistence
import PostgresDriver

/// Where the relational data lives, as `database.url` says.
enum DatabaseChoice: Sendable, Equatable {
    /// Files in the data folder.
    case sqlite
    case postgres(PostgresAddress)

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "sqlite": self = .sqlite
        case let url? where url.hasPrefix("postgres:") || url.hasPrefix("postgresql:"):
            do { self = .postgres(try PostgresAddress(url)) } catch { throw BackendRefusal("\(error)") }
        case let url?:
            throw BackendRefusal(
                scheme: url, known: "sqlite (the data folder) or postgres://user:password@host:5432/database")
        }
    }

    /// Whether it is in the data folder, so that one process at a time may have it.
    var isLocal: Bool { self == .sqlite }

    /// Reaches the store.
    ///
    /// - Throws: `CommandFailure` that names the key.
    func open(in folder: DataFolder, _ surroundings: Surroundings, _ logger: Logger) async throws -> any Database {
        do {
            switch self {
            case .sqlite:
                var limits = SQLiteLimits()
                // Half of them for the tenants' files, the rest for connections.
                limits.openTenants = max(
                    16, min(limits.openTenants, OpenFiles.raiseLimit() / 2 / limits.filesPerTenant))
                return try SQLiteDatabase(folder: folder.path, limits: limits, surroundings: surroundings)
            case .postgres(let address):
                let database = PostgresDatabase(address, surroundings: surroundings, logger: logger)
                try await database.connect()
                return database
            }
        } catch let refusal as PostgresAddress.Refusal {
            throw CommandFailure(.databaseURL, .configuration, "\(refusal)")
        } catch let error as DatabaseError {
            throw Self.failure(error)
        }
    }

    /// What a start that met this error says and ends with.
    static func failure(_ error: DatabaseError) -> CommandFailure {
        switch error {
        case .unavailable(let sentence): CommandFailure(.databaseURL, .unreachable, sentence)
        case .failed(let sentence), .schemaVersion(let sentence):
            CommandFailure(.databaseURL, .configuration, sentence)
        default: CommandFailure(.databaseURL, .software, "\(error)")
        }
    }
}
