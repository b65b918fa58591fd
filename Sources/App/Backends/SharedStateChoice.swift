import Domain
import Logging
import Persistence
import RedisDriver
import ServiceLifecycle

/// Where nodes share what is not in the database, as `redis.url` says.
enum SharedStateChoice: Sendable, Equatable {
    /// In this process: for a single node.
    case memory
    /// Redis, one server or a cluster.
    case redis(RedisAddress)

    init(_ url: String?) throws(BackendRefusal) {
        switch url {
        case nil, "memory": self = .memory
        case let url? where url.hasPrefix("redis") && url.contains("://"):
            do { self = .redis(try RedisAddress(url)) } catch { throw BackendRefusal(error.description) }
        case let url?:
            throw BackendRefusal(
                scheme: url, known: "redis://host:port, redis+cluster://host:port,host:port, or memory (this process)")
        }
    }

    /// What the nodes share.
    struct Opened: Sendable {
        let announcements: any Announcements
        let journal: any Journal
        let sessions: any SessionStore
        /// Nil for a single node, which counts by itself.
        var scenarios: (any ScenarioState)?
        /// Nil in this process.
        var redis: SharedRedis?
        /// Set where several nodes share each tenant's quota.
        var leases: (any RateLeases)?
        /// To be run for as long as the node runs.
        let services: [any Service]
    }

    /// Reaches the store.
    ///
    /// - Throws: `CommandFailure` that names the key.
    func open(_ limits: JournalLimits, _ surroundings: Surroundings, _ logger: Logger) async throws -> Opened {
        switch self {
        case .memory:
            return Opened(
                announcements: InProcessAnnouncements(), journal: InProcessJournal(limits: limits),
                sessions: InProcessSessions(now: surroundings.now), services: [])
        case .redis(let address):
            let redis: SharedRedis
            do throws(SharedRedis.Refusal) {
                redis = try await SharedRedis(address, limits, surroundings, logger)
            } catch {
                throw CommandFailure(.redisURL, error.code, error.sentence)
            }
            return Opened(
                announcements: redis.announcements, journal: redis.journal, sessions: redis.sessions,
                scenarios: redis.scenarios, redis: redis, leases: RedisRateLeases(redis.client), services: [redis])
        }
    }
}
