extension ControlPlane {
    /// Every endpoint of the API. Each folder declares its own beside its handlers; here they meet.
    ///
    /// - Parameter observer: called after each step of provisioning; tests break runs off with it.
    package static func endpoints(observer: ProvisioningObserver? = nil) -> [Endpoint] {
        TenantRoutes.endpoints(observer) + APIKeyRoutes.endpoints + PlanRoutes.endpoints + SystemRoutes.endpoints
            + AuditRoutes.endpoints + WorkspaceRoutes.endpoints + MockRoutes.endpoints + RouteRoutes.endpoints
            + ImportRoutes.endpoints + RequestRoutes.endpoints + UsageRoutes.endpoints
            + WelcomeRoutes.endpoints + MemberRoutes.endpoints + AssetRoutes.endpoints + ExportRoutes.endpoints
            + SignInRoutes.endpoints + SessionRoutes.endpoints
            + BackupRoutes.endpoints + DeadLetterRoutes.endpoints
    }
}
