import Domain
import HTTPTypes
import JSON
import MockEngine
import Persistence

/// `/workspaces/{workspace_id}/requests`: what was called, whether a pattern was called, and a live view.
enum RequestRoutes {
    private static let collection = "/workspaces/{workspace_id}/requests"

    static let endpoints: [Endpoint] = [
        Endpoint(.get, collection, query: ["limit", "cursor"] + JournalFilter.parameterNames, .tenant(.read, list)),
        Endpoint(.delete, collection, .tenant(.write, clear)),
        Endpoint(.post, collection + "/verify", body: .json, .tenant(.read, verify)),
        Endpoint(.get, collection + "/stream", query: JournalFilter.parameterNames, .tenant(.read, stream)),
    ]

    private static func list(_ context: TenantContext) async throws -> Reply {
        let query = context.request.query
        let violations = query.violations()
        let limit = query.integer("limit", in: 1...100, violations) ?? 50
        let filter = JournalFilter(query, violations)
        try violations.throwIfAny()
        let cursor = try journalCursor(query["cursor"])
        let workspace = try await context.workspace()
        let entries = try await context.platform.journal.entries(
            tenant: context.tenant.id, workspace: workspace.id, before: cursor, limit: limit + 1,
            where: { filter.includes($0) })
        let shown = entries.prefix(limit)
        return .object([
            "data": .array(shown.map(\.json)),
            "next_cursor": JSON(entries.count > limit ? shown.last?.id.text : nil),
        ])
    }

    private static func journalCursor(_ text: String?) throws(Problem) -> JournalID? {
        guard let text, !text.isEmpty else { return nil }
        guard let id = JournalID(text) else {
            throw Problem.invalid([
                Violation(pointer: "query:cursor", code: "invalid_value", message: "must be the id of an entry")
            ])
        }
        return id
    }

    private static func clear(_ context: TenantContext) async throws -> Reply {
        let workspace = try await context.workspace()
        try await context.platform.journal.clear(tenant: context.tenant.id, workspace: workspace.id)
        return .noContent
    }

    private static func verify(_ context: TenantContext) async throws -> Reply {
        let workspace = try await context.workspace()
        let violations = Violations()
        let verification = try Verification(try context.request.json(), violations)
        try violations.throwIfAny()
        let entries = try await context.platform.journal.entries(
            tenant: context.tenant.id, workspace: workspace.id, before: nil, limit: .max,
            where: { verification.includes($0) })
        return .object(["verified": .bool(verification.accepts(entries.count)), "count": JSON(entries.count)])
    }

    private static func stream(_ context: TenantContext) async throws -> Reply {
        let violations = context.request.query.violations()
        let filter = JournalFilter(context.request.query, violations)
        try violations.throwIfAny()
        let workspace = try await context.workspace()
        guard let place = context.platform.openStreams.take(context.tenant.id) else {
            throw Problem(
                .tooManyRequests, code: "too_many_streams",
                detail: "A tenant may watch \(OpenStreams.limit) streams at once; close one.",
                headers: [("Retry-After", "5")])
        }
        let entries = context.platform.journal.stream(tenant: context.tenant.id, workspace: workspace.id)
        return Reply(body: .stream(mediaType: "text/event-stream", EventStream.body(entries, filter, place)))
    }
}
