import Domain
import Logging
import Persistence

extension CallerContext {
    /// Runs one unit of writing work: idempotency, audit and announcements go with the effect.
    ///
    /// The stored answer of an `Idempotency-Key` is in the effect's own transaction, so that either both are there or
    /// neither is. The audit row is too where the effect is in the platform schema; for a tenant's schema, which is a
    /// database of its own, it follows at once in a transaction of its own.
    func commit(
        _ scope: DatabaseScope, as actor: Actor, _ body: @escaping @Sendable (any SQLSession) throws -> Change
    ) async throws -> Reply {
        let key = try IdempotencyKey(request, of: actor)
        let outcome: Outcome
        do {
            outcome = try await attempt(scope, as: actor, key, body)
        } catch DatabaseError.uniqueViolation(let constraint) where key != nil && constraint.contains("idempotency") {
            // Another request with the same key committed between our look and our insert; now its answer is there.
            outcome = try await attempt(scope, as: actor, key, body)
        }
        switch outcome {
        case .replayed(let reply):
            return reply
        case .performed(let change):
            if scope != .platform { await recordAfterCommit(change.audit, as: actor) }
            for announcement in change.announcements { await platform.announcements.publish(announcement) }
            return change.reply
        }
    }

    private func attempt(
        _ scope: DatabaseScope, as actor: Actor, _ key: IdempotencyKey?,
        _ body: @escaping @Sendable (any SQLSession) throws -> Change
    ) async throws -> Outcome {
        let now = platform.surroundings.now()
        let fingerprint = key == nil ? "" : IdempotencyKey.fingerprint(request)
        let records = { @Sendable (notes: [AuditNote]) in auditRecords(notes, as: actor, at: now) }
        return try await platform.database.write(scope) { sql in
            if let key, let reply = try key.storedReply(sql, fingerprint: fingerprint, at: now) {
                return .replayed(reply)
            }
            let change = try body(sql)
            if let key { try key.store(change.reply, sql, fingerprint: fingerprint, at: now) }
            if scope == .platform {
                for record in records(change.audit) { try AuditRepository(sql).insert(record) }
            }
            return .performed(change)
        }
    }

    func auditRecords(_ notes: [AuditNote], as actor: Actor, at now: Timestamp) -> [AuditRecord] {
        notes.map { note in
            AuditRecord(
                id: AuditID(from: platform.surroundings), at: now, tenantID: actor.tenant ?? note.tenant,
                actor: actor.name, action: note.action, target: note.target, requestID: request.requestID,
                detail: note.detail)
        }
    }

    private func recordAfterCommit(_ notes: [AuditNote], as actor: Actor) async {
        let records = auditRecords(notes, as: actor, at: platform.surroundings.now())
        do {
            try await platform.database.write(.platform) { sql in
                for record in records { try AuditRepository(sql).insert(record) }
            }
        } catch {
            // The effect is durable, so the client must hear of it; the log keeps what the table lost.
            request.logger.error(
                "audit rows could not be written",
                metadata: ["error": "\(error)", "rows": "\(records.map { "\($0.action) \($0.target)" })"])
        }
    }
}

private enum Outcome: Sendable {
    case performed(Change)
    case replayed(Reply)
}
