package import Domain

/// Where routes with a `sequence` of responses stand, when several nodes answer for the same tenant. A single node keeps
/// the positions itself and has no driver of this.
package protocol ScenarioState: Sendable {
    /// The next position of a route: 0, 1, … `count` − 1, then 0 again, whichever node asks. Nil when the shared state
    /// cannot be reached: the node goes by its own count then.
    func next(_ route: RouteID, count: Int, tenant: TenantID) async -> Int?
}

/// What the nodes share cannot be reached now; the sentence is for the log.
package struct SharedStateError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
