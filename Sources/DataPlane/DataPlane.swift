package import Domain
package import Logging
package import Metering
package import Persistence
package import Prometheus

/// The half of the product that answers mock traffic. Put `makeHandler()` into every HTTP pipeline before the control
/// plane's own handler; requests that are not for a tenant pass through it untouched.
package final class DataPlane: Sendable {
    /// Whether a secret is a valid API key of the tenant. Asked only for workspaces that require a key.
    package typealias KeyVerifier = @Sendable (_ secret: String, _ tenant: TenantID) async -> Bool

    package let configuration: DataPlaneConfiguration
    package let drain = DrainState()

    package init(
        configuration: DataPlaneConfiguration, database: any Database, objects: any ObjectStore,
        journal: any Journal, announcements: any Announcements, meter: UsageMeter, limiters: RateLimiters,
        metrics: Registry, surroundings: Surroundings, logger: Logger, verifyKey: @escaping KeyVerifier
    ) {
        self.configuration = configuration
    }

    /// A handler for one connection (HTTP/1.1) or one stream (HTTP/2).
    package func makeHandler() -> DataPlaneHandler { DataPlaneHandler() }
}
