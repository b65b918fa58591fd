package import Domain

/// Sums over some part of a tenant's usage.
package struct UsageTotals: Sendable, Hashable {
    package var requests = 0
    package var durationMicroseconds = 0
    package var maxDurationMicroseconds = 0
    package var requestBytes = 0
    package var responseBytes = 0
    package var durations = DurationHistogram()

    package init() {}

    package init(
        requests: Int, durationMicroseconds: Int, maxDurationMicroseconds: Int, requestBytes: Int, responseBytes: Int,
        durations: DurationHistogram = DurationHistogram()
    ) {
        self.requests = requests
        self.durationMicroseconds = durationMicroseconds
        self.maxDurationMicroseconds = maxDurationMicroseconds
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
        self.durations = durations
    }

    package mutating func add(_ other: UsageTotals) {
        requests += other.requests
        durationMicroseconds += other.durationMicroseconds
        maxDurationMicroseconds = max(maxDurationMicroseconds, other.maxDurationMicroseconds)
        requestBytes += other.requestBytes
        responseBytes += other.responseBytes
        durations.add(other.durations)
    }
}

/// Which part of a tenant's usage a question is about.
package struct UsageFilter: Sendable, Hashable {
    package var from: Timestamp
    /// Not included.
    package var to: Timestamp
    package var workspace: WorkspaceID?
    package var mock: MockID?

    package init(from: Timestamp, to: Timestamp, workspace: WorkspaceID? = nil, mock: MockID? = nil) {
        self.from = from
        self.to = to
        self.workspace = workspace
        self.mock = mock
    }
}

/// What a breakdown has a row for.
package enum UsageDimension: Sendable, Hashable {
    case workspace, mock, route, status
    case time(UsageInterval)
}

/// One row of a breakdown: what its requests have in common. An id is nil where the breakdown is not by it, and empty
/// where nothing was found.
package struct UsageGroup: Sendable, Hashable {
    package var workspaceID: String?
    package var mockID: String?
    package var routeID: String?
    /// 2 for 2xx, and so on.
    package var statusClass: Int?
    package var start: Timestamp?

    package init(
        workspaceID: String? = nil, mockID: String? = nil, routeID: String? = nil, statusClass: Int? = nil,
        start: Timestamp? = nil
    ) {
        self.workspaceID = workspaceID
        self.mockID = mockID
        self.routeID = routeID
        self.statusClass = statusClass
        self.start = start
    }
}
