import Domain
import Logging
import Persistence
import Prometheus
import RedisDriver
import ServiceLifecycle
import Synchronization

/// Everything that this node keeps in Redis, over one client. As a service it lasts until all others have stopped, and
/// then sends what is left.
final class SharedRedis: Service {
    /// Why a node cannot start with this Redis.
    struct Refusal: Error {
        let code: CommandFailure.Code
        let sentence: String
    }

    let client: RedisClient
    let announcements: RedisAnnouncements
    let journal: RedisJournal
    let scenarios: RedisScenarioState
    let sessions: RedisSessions
    private let subscriber: RedisSubscriber

    init(
        _ address: RedisAddress, _ limits: JournalLimits, _ surroundings: Surroundings, _ logger: Logger
    ) async throws(Refusal) {
        do { client = try RedisClient(address, logger: logger) } catch {
            throw Refusal(code: .configuration, sentence: "\(error)")
        }
        do throws(RedisError) { try await client.connect() } catch {
            client.close()
            if case .refused = error { throw Refusal(code: .configuration, sentence: "\(error)") }
            throw Refusal(code: .unreachable, sentence: "\(error)")
        }
        subscriber = RedisSubscriber(client)
        announcements = RedisAnnouncements(client, subscriber, surroundings)
        journal = RedisJournal(client, subscriber, limits: limits, surroundings)
        scenarios = RedisScenarioState(client)
        sessions = RedisSessions(client)
    }

    func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Sends what is left of the journal, and lets the connections go.
    func close() async {
        await journal.close()
        subscriber.close()
        client.close()
    }

    func register(_ metrics: Registry) {
        let (client, journal, scenarios) = (client, journal, scenarios)
        metrics.gauge("mockforge_redis_up", help: "Whether this node is connected to Redis, 1 or 0.") {
            client.isUp ? 1 : 0
        }
        let figures = client.figures
        metrics.counter("mockforge_redis_commands_total", help: "Commands sent to Redis.") {
            Double(figures.commands.load(ordering: .relaxed))
        }
        metrics.counter("mockforge_redis_failures_total", help: "Commands to Redis that had no reply.") {
            Double(figures.failures.load(ordering: .relaxed))
        }
        metrics.counter(
            "mockforge_redis_reconnects_total", help: "Connections to Redis that were lost and opened again."
        ) { Double(figures.reconnects.load(ordering: .relaxed)) }
        metrics.counter(
            "mockforge_journal_dropped_total", help: "Journal entries lost because Redis was slow or away."
        ) { Double(journal.dropped.load(ordering: .relaxed)) }
        metrics.counter(
            "mockforge_scenario_fallbacks_total",
            help: "Replies of a sequence by this node's own count because Redis was away."
        ) { Double(scenarios.fallbacks.load(ordering: .relaxed)) }
    }
}
