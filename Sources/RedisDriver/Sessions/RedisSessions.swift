package import Domain
package import Persistence

/// Sessions in Redis, one key for each, which Redis forgets by itself.
package final class RedisSessions: SessionStore {
    private let client: RedisClient

    package init(_ client: RedisClient) { self.client = client }

    package func insert(
        _ session: SessionRecord, under hash: String, of tenant: TenantID, for idle: Duration
    ) async throws {
        let text =
            "\(session.member) \(session.createdAt.microseconds) \(session.endsAt.microseconds)"
        _ = try await send(["SET", .text(key(hash, tenant)), .text(text), "PX", Self.milliseconds(idle)], hash, tenant)
    }

    package func find(_ hash: String, of tenant: TenantID, keepingFor idle: Duration) async throws -> SessionRecord? {
        let reply = try await send(
            ["GETEX", .text(key(hash, tenant)), "PX", Self.milliseconds(idle)], hash, tenant)
        guard let text = reply.text else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 3, let member = MemberID(String(parts[0])), let createdAt = Int64(parts[1]),
            let endsAt = Int64(parts[2])
        else { return nil }
        return SessionRecord(
            member: member, createdAt: Timestamp(microseconds: createdAt), endsAt: Timestamp(microseconds: endsAt))
    }

    package func remove(_ hash: String, of tenant: TenantID) async throws {
        _ = try await send(["DEL", .text(key(hash, tenant))], hash, tenant)
    }

    private func key(_ hash: String, _ tenant: TenantID) -> String { client.key(tenant, "session", hash) }

    private func send(
        _ command: [RedisArgument], _ hash: String, _ tenant: TenantID
    ) async throws(SharedStateError) -> RedisReply {
        do throws(RedisError) { return try await client.send(command, key: key(hash, tenant)) } catch {
            throw SharedStateError("sessions cannot be reached in Redis: \(error)")
        }
    }

    private static func milliseconds(_ duration: Duration) -> RedisArgument {
        let (seconds, attoseconds) = duration.components
        return RedisArgument(max(1, Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000)))
    }
}
