import Domain
import HTTPTypes
import JSON
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
    ]

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
