package import Domain
package import JSON

/// What the engine answers to a request: complete, so that the data plane only has to write it.
package struct MockReply: Sendable {
    /// How the answer came about; the data plane counts and logs by it.
    package enum Outcome: Sendable, Hashable {
        /// A route took the request.
        case matched
        /// No route took it: 404, or 405 where the path is known under other methods.
        case unmatched
        /// A route took it, but the request breaks the imported description and the workspace enforces that: 400, 415 or 422.
        case refused
        /// A route took it, but its template went over a limit or failed: 500 with the reason.
        case failed
    }

    package var outcome: Outcome
    package var status: Int
    /// Names in lower case; `content-length` is left to the data plane.
    package var headers: [HeaderField]
    package var body: [UInt8]
    package var delayMilliseconds: Int
    package var mockID: MockID?
    package var routeID: RouteID?
    /// The name of the chosen response; empty when it has none.
    package var responseName: String
    /// What the request broke in the imported description, when the workspace reports or enforces.
    package var violations: [Violation]
    /// For an unmatched request: the nearest routes and what differed, for the journal; null otherwise.
    package var nearMisses: JSON

    package init(
        outcome: Outcome, status: Int, headers: [HeaderField], body: [UInt8], delayMilliseconds: Int = 0,
        mockID: MockID? = nil, routeID: RouteID? = nil, responseName: String = "", violations: [Violation] = [],
        nearMisses: JSON = .null
    ) {
        self.outcome = outcome
        self.status = status
        self.headers = headers
        self.body = body
        self.delayMilliseconds = delayMilliseconds
        self.mockID = mockID
        self.routeID = routeID
        self.responseName = responseName
        self.violations = violations
        self.nearMisses = nearMisses
    }
}
