/// How much of the machine the SQLite driver may use.
package struct SQLiteLimits: Sendable {
    /// Tenant files open at once; each takes up to 3 + 2 × `readersPerTenant` descriptors.
    package var openTenants = 64
    package var readersPerTenant = 2
    package var platformReaders = 4
    /// How long a writer waits for another process before it gives up.
    package var busyTimeoutSeconds = 10.0

    package init() {}
}
