package import Domain
import Persistence
package import Synchronization

/// Positions of sequences in Redis, one key for each route.
package final class RedisScenarioState: ScenarioState {
    private static let next = RedisScript(
        """
        local position = (tonumber(redis.call('GET', KEYS[1])) or 0) % tonumber(ARGV[1])
        redis.call('SET', KEYS[1], position + 1, 'EX', ARGV[2])
        return position
        """)
    /// A sequence that nobody asked for in thirty days begins again.
    private static let lifetime = 30 * 24 * 3600

    private let client: RedisClient
    /// How often a node had to go by its own count.
    package let fallbacks = Atomic<Int>(0)

    package init(_ client: RedisClient) { self.client = client }

    package func next(_ route: RouteID, count: Int, tenant: TenantID) async -> Int? {
        let reply = try? await client.evaluate(
            Self.next, keys: [client.key(tenant, "sequence", route.text)],
            arguments: [RedisArgument(count), RedisArgument(Self.lifetime)])
        guard let position = reply?.integer, (0..<count).contains(position) else {
            fallbacks.add(1, ordering: .relaxed)
            return nil
        }
        return position
    }
}
