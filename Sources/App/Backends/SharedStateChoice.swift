import Persistence
import ServiceLifecycle

/// Where nodes share what is not in the database, as `redis.url` says.
enum SharedStateChoice: Sendable, Equatable {
    /// In this process: for a single node.
    case memory

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "memory": self = .memory
        case let url?: throw BackendRefusal(scheme: url, known: "memory (this process), or leave the key out")
        }
    }

    /// What the nodes share.
    struct Opened: Sendable {
        let announcements: any Announcements
        let journal: any Journal
        /// To be run for as long as the node runs.
        let services: [any Service]
    }

    func open(_ limits: JournalLimits) -> Opened {
        switch self {
        case .memory:
            Opened(announcements: InProcessAnnouncements(), journal: InProcessJournal(limits: limits), services: [])
        }
    }
}
