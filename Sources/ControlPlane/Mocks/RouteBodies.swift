import Domain
import JSON
import Metering
import MockEngine
import Persistence

extension RouteRecord {
    /// The body of the API: the definition between the ids and the times. `operation` names the operation of the
    /// imported description that the route came from, null for one made by hand.
    var json: JSON {
        var object: JSONObject = ["id": .string(id.text), "mock_id": .string(mockID.text)]
        for (key, value) in definition.object ?? [:] { object[key] = value }
        object["operation"] = origin["operation"] ?? .null
        object["created_at"] = .string(createdAt.rfc3339)
        object["updated_at"] = .string(updatedAt.rfc3339)
        return .object(object)
    }
}

/// Reading what a client says of a route.
enum RouteBody {
    /// A route carries its bodies, so it may be larger than other JSON.
    private static let bytes = 10 * Endpoint.Body.mebibyte

    static let accepted = Endpoint.Body(mediaTypes: ["application/json"], limit: bytes, isRequired: true)
    static let acceptedPatch = Endpoint.Body(
        mediaTypes: Endpoint.Body.mergePatch.mediaTypes, limit: bytes, isRequired: true)

    /// From here on a body is checked on the threads for long computing: its templates and schemas may be many.
    private static let longBody = 8 * 1024

    /// As `definition`, in a place where a long body keeps nobody waiting but its own tenant.
    static func definition(
        _ json: JSON, id: RouteID, _ assets: NamedAssets, in context: TenantContext
    ) async throws -> RouteDefinition {
        guard context.request.body.count >= longBody else { return try definition(json, id: id, assets) }
        do {
            return try await context.platform.computing.run(for: context.tenant.id) {
                try definition(json, id: id, assets)
            }
        } catch is TenantThreads.Overload {
            throw Problem(
                .tooManyRequests, code: "too_many_waiting",
                detail: "Too many large requests of this tenant wait already; send this one again later.",
                headers: [("Retry-After", "5")])
        }
    }

    /// - Throws: every violation of the wire form, and every asset that is not among `assets`.
    static func definition(_ json: JSON, id: RouteID, _ assets: NamedAssets) throws(Problem) -> RouteDefinition {
        let violations = Violations()
        let read = RouteDefinition(json: json, id: id, at: .root, violations: violations)
        assets.check(json, violations)
        try violations.throwIfAny()
        guard var definition = read else { throw Problem.invalid([Violation(.root, "invalid_route", "is no route")]) }
        definition.responses = assets.resolve(definition.responses)
        return definition
    }

    /// Enough of a route to know it by in the audit log.
    static func summary(_ definition: JSON) -> JSON {
        let known = definition[LargeDocuments.member] ?? definition
        return ["method": known["method"] ?? .null, "path": known["path"] ?? .null]
    }
}
