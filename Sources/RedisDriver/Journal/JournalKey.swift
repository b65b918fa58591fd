import Domain

/// Whose journal.
struct JournalKey: Sendable, Hashable {
    let tenant: TenantID
    let workspace: WorkspaceID

    /// Takes the workspace only, since no two tenants have the same and every request of the data plane asks for it.
    func hash(into hasher: inout Hasher) { hasher.combine(workspace) }
}
