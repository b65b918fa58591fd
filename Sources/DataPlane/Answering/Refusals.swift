import Domain
import JSON
import Metering
import MockEngine

/// What the data plane says to requests that no workspace answers.
enum Refusals {
    /// One and the same for tenants that never were, are gone, or lack the workspace: it tells nothing about who exists.
    static let unknownAddress = Problem(
        .notFound, code: "unknown_address", detail: "No mock API is served at this address.")

    static let suspended = Problem(
        .forbidden, code: "tenant_suspended", detail: "This account is suspended; its mocks do not answer for now.")

    static let keyRequired = Problem(
        .unauthorized, code: "api_key_required",
        detail: "This workspace answers only with a valid API key, in X-Api-Key or as Authorization: Bearer.",
        headers: [("WWW-Authenticate", "Bearer")])

    static let ambiguousHost = Problem(
        .badRequest, code: "ambiguous_host", detail: "The request names more than one host.")

    static let malformed = Problem(.badRequest, code: "malformed_request", detail: "The request is not valid HTTP.")

    static let bodyTimeout = Problem(
        .requestTimeout, code: "request_timeout", detail: "The request body did not arrive in time.")

    static let unavailable = Problem(
        .unavailable, code: "unavailable", detail: "The mock cannot be looked up now; try again in a moment.",
        headers: [("Retry-After", "1")])

    static let schemaVersion = Problem(
        .unavailable, code: "schema_version",
        detail: "This account's data belongs to another version of the service, whose operator has to migrate it.",
        headers: [("Retry-After", "60")])

    static let tooManyDelayed = Problem(
        .unavailable, code: "too_many_delayed_requests",
        detail: "Too many requests of this account wait for their mock's delay to pass.",
        headers: [("Retry-After", "1")])

    static func tooManyConcurrent(limit: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "too_many_concurrent_requests",
            detail: "This account's plan allows \(limit) requests in progress at one time.",
            headers: [("Retry-After", "1")],
            members: ["quota": .string(QuotaKey.maxConcurrentRequests.rawValue), "limit": .init(limit)])
    }

    static func bandwidthExceeded(limit: Int, wait seconds: Int) -> Problem {
        Problem(
            .tooManyRequests, code: "bandwidth_exceeded",
            detail: "This account's plan allows \(limit) kilobits a second, and more than that has gone lately.",
            headers: [("Retry-After", String(seconds))],
            members: ["quota": .string(QuotaKey.maxBandwidthKbps.rawValue), "limit": .init(limit)])
    }

    static func invalidPath(_ refusal: RequestPath.Refusal) -> Problem {
        Problem(.badRequest, code: "invalid_path", detail: "The request's path has no meaning: \(refusal).")
    }

    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge, code: "body_too_large",
            detail: "The request body has more than \(limit) bytes, which is this plan's limit.",
            members: ["limit": .init(limit)])
    }
}
