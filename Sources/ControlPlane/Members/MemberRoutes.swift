import Domain
import HTTPTypes
import JSON
import Logging
import Persistence

/// `/members`: the people of a tenant and what each may do. A tenant always keeps an owner.
enum MemberRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/members", query: Paging.parameterNames, .tenant(.admin, list)),
        Endpoint(.post, "/members", body: .json, .tenant(.admin, create)),
        Endpoint(.get, "/members/{member_id}", .tenant(.admin, show)),
        Endpoint(.patch, "/members/{member_id}", body: .mergePatch, .tenant(.admin, update)),
        Endpoint(.delete, "/members/{member_id}", .tenant(.admin, delete)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let paging = try context.request.paging()
        try await FirstOwner.ensure(of: context.tenant, context.platform)
        return try await context.read { sql in
            let members = MemberRepository(sql)
            return try paging.reply(
                page: { try members.list(page: $0) }, after: { try members.list(after: $0, limit: $1) }, json: \.json)
        }
    }

    private static func create(_ context: TenantContext) async throws -> Reply {
        let new = try NewMember(try context.request.json())
        try context.requireRights(of: new.role)
        try await FirstOwner.ensure(of: context.tenant, context.platform)
        let record = new.record(
            id: MemberID(from: context.platform.surroundings), at: context.platform.surroundings.now())
        let (limit, plans) = (context.entitlements.limit(.maxUsers), context.platform.plans)
        let reply = try await context.write { sql in
            let members = MemberRepository(sql)
            let count = try members.count()
            let isOver = !limit.allows(count + 1)
            if isOver, !context.letsPass(.maxUsers) {
                throw Problem.quotaExceeded(.maxUsers, limit: limit, current: count, plans: plans)
            }
            guard try members.find(email: record.email) == nil else { throw emailTaken(record.email) }
            try members.insert(record)
            var reply = Reply.created(record.json, location: "/api/v1/members/\(record.id)", version: record.version)
            if isOver { reply.nameLimit(.maxUsers) }
            return Change(
                reply,
                audit: [
                    AuditNote(
                        "member.create", target: record.id.text,
                        detail: ["email": .string(record.email), "role": .string(record.role.rawValue)])
                ])
        }
        if !reply.isReplayed { await invite(record, context) }
        return reply
    }

    /// The member is in the tenant's schema and the outbox in the platform's, so this follows the commit. Whoever misses the
    /// mail asks for a link.
    private static func invite(_ member: MemberRecord, _ context: TenantContext) async {
        let mail = SignInMail.invitation(member, of: context.tenant, context.platform)
        do {
            try await context.platform.database.write(.platform) { sql in try OutboxRepository(sql).insert(mail) }
            context.platform.mailNudge.nudge()
        } catch {
            context.request.logger.error(
                "a member could not be invited", metadata: ["member_id": "\(member.id)", "error": "\(error)"])
        }
    }

    private static func show(_ context: TenantContext) async throws -> Reply {
        let id = try memberID(context)
        let member = try await context.read { sql in try find(id, sql) }
        return .object(member.json, version: member.version)
    }

    private static func update(_ context: TenantContext) async throws -> Reply {
        let id = try memberID(context)
        let patch = try MemberPatch(try context.request.json())
        let now = context.platform.surroundings.now()
        return try await context.write { sql in
            let current = try find(id, sql)
            try context.request.requireMatch(version: current.version)
            var record = patch.applied(to: current)
            if record.role != current.role {
                try context.requireRights(of: max(record.role, current.role))
                try requireAnotherOwner(than: current, sql)
            }
            record.updatedAt = now
            guard let stored = try MemberRepository(sql).update(record, expectedVersion: current.version) else {
                throw Problem.changedMeanwhile
            }
            return Change(
                .object(stored.json, version: stored.version),
                audit: [
                    AuditNote(
                        "member.update", target: id.text,
                        detail: ["role": ["from": .string(current.role.rawValue), "to": .string(stored.role.rawValue)]])
                ])
        }
    }

    private static func delete(_ context: TenantContext) async throws -> Reply {
        let id = try memberID(context)
        return try await context.write { sql in
            let current = try find(id, sql)
            try context.request.requireMatch(version: current.version)
            try context.requireRights(of: current.role)
            try requireAnotherOwner(than: current, sql)
            _ = try MemberRepository(sql).delete(id)
            return Change(
                .noContent,
                audit: [
                    AuditNote(
                        "member.delete", target: id.text,
                        detail: ["email": .string(current.email), "role": .string(current.role.rawValue)])
                ])
        }
    }

    private static func memberID(_ context: TenantContext) throws(Problem) -> MemberID {
        try context.request.id("member_id", "member")
    }

    private static func find(_ id: MemberID, _ sql: any SQLSession) throws -> MemberRecord {
        guard let member = try MemberRepository(sql).find(id) else { throw Problem.notFound("member") }
        return member
    }

    /// Runs in the transaction that takes an owner away, so that two racing requests cannot take the last two.
    private static func requireAnotherOwner(than member: MemberRecord, _ sql: any SQLSession) throws {
        guard member.role == .owner, try MemberRepository(sql).count(.owner) == 1 else { return }
        throw Problem(
            .conflict, code: "last_owner",
            detail: "A tenant keeps at least one owner; make another member an owner first.")
    }

    private static func emailTaken(_ email: String) -> Problem {
        Problem(
            .conflict, code: "email_taken", detail: "A member with the email \(email) is there already.",
            errors: [Violation(JSONPointer(["email"]), "email_taken", "is another member's")])
    }
}
