package import JSON

/// One thing that is wrong with an input.
package struct Violation: Sendable, Hashable {
    /// The place: a JSON pointer into the body, or the name of a query parameter or header after `query:` or `header:`.
    package let pointer: String
    /// Stable, for programs: `required`, `unknown_field`, `invalid_type`, `too_long`, …
    package let code: String
    /// For people: what is wrong and what would be right.
    package let message: String

    package init(pointer: String, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }

    package init(_ pointer: JSONPointer, _ code: String, _ message: String) {
        self.init(pointer: pointer.description, code: code, message: message)
    }

    package var json: JSON { ["pointer": .string(pointer), "code": .string(code), "message": .string(message)] }
}

/// The one error vocabulary (RFC 9457). Whatever goes wrong below becomes one of these at the edge.
package struct Problem: Error, Sendable {
    /// What went wrong, by HTTP status.
    package enum Kind: Int, Sendable {
        case badRequest = 400
        case unauthorized = 401
        case paymentRequired = 402
        case forbidden = 403
        case notFound = 404
        case methodNotAllowed = 405
        case notAcceptable = 406
        case requestTimeout = 408
        case conflict = 409
        case preconditionFailed = 412
        case contentTooLarge = 413
        case uriTooLong = 414
        case unsupportedMediaType = 415
        case unprocessable = 422
        case tooManyRequests = 429
        case internalError = 500
        case unavailable = 503

        package var title: String {
            switch self {
            case .badRequest: "Bad Request"
            case .unauthorized: "Unauthorized"
            case .paymentRequired: "Payment Required"
            case .forbidden: "Forbidden"
            case .notFound: "Not Found"
            case .methodNotAllowed: "Method Not Allowed"
            case .notAcceptable: "Not Acceptable"
            case .requestTimeout: "Request Timeout"
            case .conflict: "Conflict"
            case .preconditionFailed: "Precondition Failed"
            case .contentTooLarge: "Content Too Large"
            case .uriTooLong: "URI Too Long"
            case .unsupportedMediaType: "Unsupported Media Type"
            case .unprocessable: "Unprocessable Content"
            case .tooManyRequests: "Too Many Requests"
            case .internalError: "Internal Server Error"
            case .unavailable: "Service Unavailable"
            }
        }
    }

    package let kind: Kind
    /// Stable, for programs; documented in docs/guide/errors.md.
    package let code: String
    /// For the person who sent the request; never holds another tenant's data or an internal message.
    package let detail: String
    package var errors: [Violation]
    /// Response headers that belong to this error, such as `Allow` or `Retry-After`.
    package var headers: [(name: String, value: String)]
    /// Members beside the standard ones, such as `limit` and `current` of a quota.
    package var members: JSONObject
    /// For the log only.
    package let cause: (any Error)?

    package init(
        _ kind: Kind, code: String, detail: String, errors: [Violation] = [],
        headers: [(name: String, value: String)] = [], members: JSONObject = [:], cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members
        self.cause = cause
    }

    /// The body, `application/problem+json`.
    package func json(instance: String, requestID: String) -> JSON {
        var object: JSONObject = [
            "type": .string("urn:mockforge:problem:\(code)"), "title": .string(kind.title),
            "status": JSON(kind.rawValue),
            "detail": .string(detail), "instance": .string(instance), "request_id": .string(requestID),
            "code": .string(code),
        ]
        for (key, value) in members { object[key] = value }
        object["errors"] = .array(errors.map(\.json))
        return .object(object)
    }

    /// A body or parameter that breaks rules: 422, with every violation.
    package static func invalid(_ errors: [Violation]) -> Problem {
        let places = errors.map { $0.pointer.isEmpty ? "the body" : $0.pointer }
        let detail =
            errors.count == 1 ? "\(places[0]) \(errors[0].message)" : "\(errors.count) values are not acceptable"
        return Problem(.unprocessable, code: "validation_failed", detail: detail, errors: errors)
    }

    /// The same for what does not exist and what is another tenant's.
    package static func notFound(_ noun: String) -> Problem {
        Problem(.notFound, code: "not_found", detail: "No such \(noun).")
    }
}
