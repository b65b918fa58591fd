import Domain
import Logging
import Persistence

/// Where the relational data lives, as `database.url` says.
enum DatabaseChoice: Sendable, Equatable {
    /// Files in the data folder.
    case sqlite

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "sqlite": self = .sqlite
        case let url?: throw BackendRefusal(scheme: url, known: "sqlite (the data folder), or leave the key out")
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
                return try SQLiteDatabase(folder: folder.path, surroundings: surroundings)
            }
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
