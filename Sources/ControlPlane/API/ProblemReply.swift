import Domain
import Persistence

extension Problem {
    /// Any failure as a problem: what is unknown becomes a 500 that tells nothing, with the cause kept for the log.
    init(mapping error: any Error) {
        switch error {
        case let problem as Problem:
            self = problem
        case DatabaseError.schemaVersion:
            self.init(
                .unavailable, code: "schema_version",
                detail:
                    "This account's data belongs to another version of the service, whose operator has to migrate it.",
                headers: [("Retry-After", "60")], cause: error)
        case DatabaseError.unavailable, is ObjectStoreError, is SharedStateError:
            self.init(
                .unavailable, code: "unavailable", detail: "The service cannot reach its data now; try again soon.",
                headers: [("Retry-After", "5")], cause: error)
        case DatabaseError.noSuchSchema:
            self = Problem.notFound("tenant")
        case DatabaseError.uniqueViolation:
            self.init(
                .conflict, code: "conflict",
                detail: "Another request has just made the same thing; read it and decide.",
                cause: error)
        case is ProvisioningOvertaken:
            self.init(
                .unavailable, code: "provisioning_overtaken",
                detail: "This attempt took so long that it was undone; send the request again.",
                headers: [("Retry-After", "1")], cause: error)
        case is CancellationError:
            self.init(
                .unavailable, code: "unavailable", detail: "The service is stopping; try again soon.",
                headers: [("Retry-After", "5")])
        default:
            self.init(
                .internalError, code: "internal_error",
                detail: "Something went wrong on our side; the request id helps us to find it.", cause: error)
        }
    }

    /// The answer, `application/problem+json`.
    func reply(instance: String, requestID: String) -> Reply {
        Reply(
            status: kind.rawValue,
            headers: [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")] + headers,
            body: .json(json(instance: instance, requestID: requestID)))
    }
}
