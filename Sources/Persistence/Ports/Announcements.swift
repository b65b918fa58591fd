package import Domain

/// What one node tells the others after a commit. Losing one is harmless: versions are polled as well.
package enum Announcement: Sendable, Hashable {
    /// The tenant's record: plan, status, overrides, keys.
    case tenantChanged(TenantID)
    /// Something that decides replies: workspaces, mocks, routes.
    case mocksChanged(TenantID, WorkspaceID)
}

/// The part of shared state by which nodes hear of changes.
package protocol Announcements: Sendable {
    /// Returns when every subscriber on this node has acted; other nodes follow soon after.
    func publish(_ announcement: Announcement) async

    /// Calls `handler` for each announcement from now on, one at a time.
    func subscribe(_ handler: @escaping @Sendable (Announcement) async -> Void)
}
