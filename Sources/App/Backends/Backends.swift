import Domain
import Logging
import Persistence
import ServiceLifecycle

/// The four things that a node shares with others, each by the driver that its URL asks for. Any mix works.
struct Backends: Sendable {
    let database: any Database
    let announcements: any Announcements
    let journal: any Journal
    let sessions: any SessionStore
    let scenarios: (any ScenarioState)?
    /// Nil where nothing is shared through Redis.
    let redis: SharedRedis?
    let objects: any ObjectStore
    let mailer: any Mailer
    /// Set where several nodes share each tenant's quota.
    let leases: (any RateLeases)?
    /// To be run before anything that uses the stores, and stopped after it.
    let services: [any Service]

    /// Reaches all of them.
    ///
    /// - Throws: `CommandFailure` with one sentence that names the key; its code is 78 for what has to be set right and 69
    ///   for what may be there later.
    static func open(
        _ settings: Settings, in folder: DataFolder, _ surroundings: Surroundings, _ logger: Logger
    ) async throws -> Backends {
        var limits = JournalLimits()
        limits.entriesPerWorkspace = settings.journalEntries
        let objects = try await settings.storage.open(in: folder, surroundings, logger)
        let state = try await settings.sharedState.open(limits, surroundings, logger)
        return Backends(
            database: try await settings.database.open(in: folder, surroundings, logger),
            announcements: state.announcements, journal: state.journal, sessions: state.sessions,
            scenarios: state.scenarios, redis: state.redis, objects: objects,
            mailer: try await settings.mail.open(in: folder, surroundings),
            leases: state.leases, services: state.services)
    }
}

extension Settings {
    /// Whether a store is in the data folder, which only one process at a time may then use. Without one, what is left in
    /// the folder is the generated admin token and this node's counters, and nodes may share it.
    var hasLocalStore: Bool { database.isLocal || storage.isLocal || mail.isLocal }
}
