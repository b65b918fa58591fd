package import Domain
package import HTTPTypes

/// One entry of the table that the API is made of. The router, the tests and the OpenAPI check all read it.
package struct Endpoint: Sendable {
    /// Who may call, and what runs for them. The context that a handler gets is the proof that the check was made.
    package enum Handler: Sendable {
        /// Anyone, without credentials.
        case anyone(@Sendable (OpenContext) async throws -> Reply)
        /// The bearer of the administrator's token.
        case admin(@Sendable (AdminContext) async throws -> Reply)
        /// A tenant's key with at least `scope`.
        case tenant(Scope, @Sendable (TenantContext) async throws -> Reply)
        /// Either; each sees its own side.
        case both(
            admin: @Sendable (AdminContext) async throws -> Reply, Scope,
            tenant: @Sendable (TenantContext) async throws -> Reply)
    }

    /// What the endpoint reads.
    package struct Body: Sendable {
        /// Accepted media types; empty when the endpoint reads no body.
        package var mediaTypes: [String]
        /// Bytes.
        package var limit: Int
        package var isRequired: Bool
        /// Whether the handler reads the body itself, piece by piece; `limit` is then the handler's business.
        package var isFile = false

        package static let mebibyte = 1 << 20

        package static let none = Body(mediaTypes: [], limit: mebibyte, isRequired: false)
        package static let json = Body(mediaTypes: ["application/json"], limit: mebibyte, isRequired: true)
        package static let optionalJSON = Body(mediaTypes: ["application/json"], limit: mebibyte, isRequired: false)
        package static let mergePatch = Body(
            mediaTypes: ["application/merge-patch+json", "application/json"], limit: mebibyte, isRequired: true)

        /// A file of any type.
        package static let file: Body = {
            var body = Body(mediaTypes: ["*/*"], limit: .max, isRequired: true)
            body.isFile = true
            return body
        }()

        package init(mediaTypes: [String], limit: Int, isRequired: Bool) {
            self.mediaTypes = mediaTypes
            self.limit = limit
            self.isRequired = isRequired
        }
    }

    package let method: HTTPRequest.Method
    package let path: PathTemplate
    /// Names of the query parameters; others are refused.
    package let query: [String]
    package let body: Body
    /// Whether a suspended tenant may still call: true for reads of its own account.
    package let isOpenToSuspended: Bool
    /// False for the few paths that stand without `/v1` too.
    package let isVersioned: Bool
    package let handler: Handler

    package init(
        _ method: HTTPRequest.Method, _ path: String, query: [String] = [], body: Body = .none,
        openToSuspended: Bool = false, versioned: Bool = true, _ handler: Handler
    ) {
        self.method = method
        self.path = PathTemplate(path)
        self.query = query
        self.body = body
        isOpenToSuspended = openToSuspended
        isVersioned = versioned
        self.handler = handler
    }
}
