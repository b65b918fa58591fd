package import Domain
package import Persistence

/// Rate accounts in Redis: each statement is one script on the server that holds the tenant, by that server's clock.
package final class RedisRateLeases: RateLeases {
    private typealias Measure = InProcessRateLeases.Measure

    private let client: RedisClient
    private let now: (@Sendable () -> Timestamp)?

    /// - Parameter now: takes the place of the server's clock in tests.
    package init(_ client: RedisClient, now: (@Sendable () -> Timestamp)? = nil) {
        self.client = client
        self.now = now
    }

    package func settle(_ statement: LeaseStatement, of tenant: TenantID) async throws -> LeaseGrant {
        var arguments = [RedisArgument(statement.node)]
        arguments += [
            statement.sequence, statement.limit, statement.used, statement.kept, statement.wanted, statement.recent,
            Int(statement.epoch), max(1, statement.nodes), Int(Measure.window), Int(Measure.slot),
            Int(Measure.lifetime), Int(Measure.recovery),
        ].map { RedisArgument($0) }
        if let now { arguments.append(RedisArgument(Int(now().microseconds))) }
        let reply = try await client.evaluate(
            LeaseScript.settle,
            keys: [
                client.key(tenant, "rate", "account"), client.key(tenant, "rate", "slots"),
                client.key(tenant, "rate", "ends"),
            ], arguments: arguments)
        guard case .array(let values) = reply, values.count == 5 else { throw Self.unexpected(reply) }
        let numbers = values.map { value -> Int? in if case .integer(let number) = value { number } else { nil } }
        guard let granted = numbers[0], let lifetime = numbers[1], let taken = numbers[2], let free = numbers[3],
            let epoch = numbers[4]
        else { throw Self.unexpected(reply) }
        return LeaseGrant(
            granted: granted, lifetimeMicroseconds: Int64(lifetime), taken: taken,
            freeInMicroseconds: free < 0 ? nil : Int64(free), epoch: Int64(epoch))
    }

    package func beat(node: String) async throws -> Int {
        let reply = try await client.evaluate(
            LeaseScript.beat, keys: ["\(client.address.prefix):{nodes}:alive"],
            arguments: [RedisArgument(node), RedisArgument(Int(Measure.alive))])
        guard case .integer(let count) = reply else { throw Self.unexpected(reply) }
        return count
    }

    private static func unexpected(_ reply: RedisReply) -> RedisError {
        .unavailable("the script of rate leases answered \(reply)")
    }
}
