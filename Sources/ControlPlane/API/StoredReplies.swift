import Domain
import Persistence

extension IdempotencyKey {
    /// The answer that an earlier request with this key got, if it is not too old.
    ///
    /// - Throws: 422 when the earlier request was another one.
    func storedReply(_ sql: any SQLSession, fingerprint: String, at now: Timestamp) throws -> Reply? {
        let answers = IdempotencyRepository(sql)
        guard let stored = try answers.find(hash) else { return nil }
        guard stored.createdAt + IdempotencyRepository.lifetime > now else {
            try answers.delete(hash)
            return nil
        }
        guard stored.fingerprint == fingerprint else { throw Self.reused }
        return try open(stored.sealedReply, status: stored.status)
    }

    /// Keeps the answer, and takes the opportunity to forget those that are too old.
    func store(_ reply: Reply, _ sql: any SQLSession, fingerprint: String, at now: Timestamp) throws {
        try IdempotencyRepository(sql).deleteExpired(at: now)
        try IdempotencyRepository(sql).insert(
            IdempotencyRecord(
                keyHash: hash, fingerprint: fingerprint, status: reply.status, sealedReply: try seal(reply),
                createdAt: now))
    }
}
