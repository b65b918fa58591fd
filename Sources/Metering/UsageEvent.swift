package import Domain

/// One answered request of the data plane, as the meter counts it.
package struct UsageEvent: Sendable {
    package var at: Timestamp
    /// Nil for a request that was refused before its workspace was known.
    package var workspaceID: WorkspaceID?
    /// Nil where no mock or route matched.
    package var mockID: MockID?
    package var routeID: RouteID?
    package var status: Int
    package var durationMicroseconds: Int
    /// Body bytes received and sent.
    package var requestBytes: Int
    package var responseBytes: Int

    package init(
        at: Timestamp, workspaceID: WorkspaceID?, mockID: MockID?, routeID: RouteID?, status: Int,
        durationMicroseconds: Int, requestBytes: Int, responseBytes: Int
    ) {
        self.at = at
        self.workspaceID = workspaceID
        self.mockID = mockID
        self.routeID = routeID
        self.status = status
        self.durationMicroseconds = durationMicroseconds
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
    }
}
