package import Domain
package import HTTPTypes
package import JSON
package import Logging

/// A request after routing: what an endpoint may read of it.
package struct APIRequest: Sendable {
    /// Method, host and headers as they were sent.
    let head: HTTPRequest
    /// The path as it was sent, without the query.
    package let path: String
    /// The query as it was sent, without the `?`.
    package let rawQuery: String
    /// The decoded values of the path template's parameters.
    package let parameters: [String: String]
    package let query: QueryParameters
    /// Empty where the endpoint takes a file.
    package let body: [UInt8]
    let file: IncomingFile?
    package let requestID: String
    /// The peer's IP address; empty where there is none.
    let remoteAddress: String
    package let logger: Logger

    package var method: String { head.method.rawValue }

    package var headers: HTTPFields { head.headerFields }

    /// The media type of the body, lower case, without parameters; empty when none was sent.
    package var mediaType: String { Self.mediaType(headers) }

    static func mediaType(_ headers: HTTPFields) -> String {
        let value = headers[.contentType] ?? ""
        return value.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// The body as JSON; an absent body is an empty object.
    ///
    /// - Throws: `malformed_json` with the place of the mistake.
    package func json() throws(Problem) -> JSON {
        if body.isEmpty { return [:] }
        do {
            return try JSON.parse(body)
        } catch {
            throw Problem(.badRequest, code: "malformed_json", detail: "The body is not JSON: \(error).")
        }
    }

    /// The id in the path. A text that is no id answers like an id that is not there.
    package func id<Kind>(_ parameter: String, _ noun: String) throws(Problem) -> Identifier<Kind> {
        guard let id = parameters[parameter].flatMap({ Identifier<Kind>($0) }) else { throw Problem.notFound(noun) }
        return id
    }

    /// The tenant id in the path of an administrator's request.
    package func tenantID() throws(Problem) -> TenantID {
        guard let id = parameters["tenant_id"].flatMap({ TenantID($0) }) else { throw Problem.notFound("tenant") }
        return id
    }

    /// Refuses to change an object that is no longer the one the client saw.
    ///
    /// - Throws: 412 when there is an `If-Match` that does not name `version`.
    package func requireMatch(version: Int) throws(Problem) {
        guard let header = headers[.ifMatch] else { return }
        let tag = EntityTag(version: version)
        guard tag.isNamed(in: header, weakly: false) else {
            throw Problem(
                .preconditionFailed, code: "version_mismatch",
                detail: "The object has changed: its ETag is \(tag.text). Read it again and repeat the change.")
        }
    }
}
