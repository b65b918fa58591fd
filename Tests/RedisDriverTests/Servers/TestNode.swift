import Domain
import RedisDriver

/// What one node has of Redis.
struct TestNode {
    let client: RedisClient
    let subscriber: RedisSubscriber
    let announcements: RedisAnnouncements
    let journal: RedisJournal
    let scenarios: RedisScenarioState

    init(_ url: String) async throws {
        client = try await connectedClient(url)
        subscriber = RedisSubscriber(client)
        announcements = RedisAnnouncements(client, subscriber, .system)
        journal = RedisJournal(client, subscriber, .system)
        scenarios = RedisScenarioState(client)
        await subscriber.ready()
    }

    func close() async {
        await journal.close()
        subscriber.close()
        client.close()
    }
}
