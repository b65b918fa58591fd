import Domain
import HTTPTypes
import JSON
import Metering
import Persistence

/// `/health` for load balancers, `/system/status` for the operator, `/openapi.json` for everybody.
enum SystemRoutes {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/health", versioned: false, .anyone { _ in .object(["status": "ok"]) }),
        Endpoint(
            .get, "/openapi.json", versioned: false,
            .anyone { context in
                Reply(
                    headers: [("ETag", "\"\(context.platform.version)\"")],
                    body: .json(try OpenAPIDescription.json.get()))
            }),
        Endpoint(.get, "/system/status", .admin(status)),
        Endpoint(.get, "/system/enforcement", .admin(showEnforcement)),
        Endpoint(.patch, "/system/enforcement", body: .mergePatch, .admin(setEnforcement)),
    ]

    private static func showEnforcement(_ context: AdminContext) async throws -> Reply {
        .object(try await context.read { sql in try enforcement(sql) })
    }

    /// Every node follows within a second, this one at once.
    private static func setEnforcement(_ context: AdminContext) async throws -> Reply {
        let violations = Violations()
        let reader = ObjectReader(try context.request.json(), known: ["mode"], violations: violations)
        if reader?.isNull("mode") == true { reader?.refuse("mode", "required", "cannot be removed") }
        let mode = reader?.choice("mode", Enforcement.self)
        try violations.throwIfAny()
        let now = context.platform.surroundings.now()
        let reply = try await context.write { sql in
            guard let mode else { return Change(.object(try enforcement(sql)), audit: []) }
            try SwitchRepository(sql).set(SwitchRepository.enforcement, to: mode.rawValue, at: now)
            return Change(
                .object(try enforcement(sql)),
                audit: [
                    AuditNote("system.enforcement", target: "platform", detail: ["mode": .string(mode.rawValue)])
                ])
        }
        try await context.platform.enforcement.refresh(from: context.platform.database)
        return reply
    }

    private static func enforcement(_ sql: any SQLSession) throws -> JSON {
        let stored = try SwitchRepository(sql).find(SwitchRepository.enforcement)
        return [
            "mode": .string(stored?.value ?? Enforcement.enforce.rawValue),
            "changed_at": JSON(stored?.changedAt.rfc3339),
        ]
    }

    private static func status(_ context: AdminContext) async throws -> Reply {
        let platform = context.platform
        let counts = try await context.read { sql in
            try TenantStatus.allCases.map { status in
                (status, try TenantRepository(sql).count(TenantFilter(status: status)))
            }
        }
        let mail = try await context.read { sql in
            (waiting: try OutboxRepository(sql).pendingCount(), dead: try OutboxRepository(sql).deadCount())
        }
        let uptime = platform.surroundings.now() - platform.startedAt
        return .object([
            "status": "ok", "version": .string(platform.version), "started_at": .string(platform.startedAt.rfc3339),
            "uptime_seconds": JSON(uptime.components.seconds),
            "database": ["connections": JSON(platform.database.connectionCount)],
            "mail": ["waiting": JSON(mail.waiting), "dead": JSON(mail.dead)],
            "tenants": .object(JSONObject(counts.map { ($0.0.rawValue, JSON($0.1)) })),
        ])
    }
}
