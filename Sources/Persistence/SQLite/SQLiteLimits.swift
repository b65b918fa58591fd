/// How much of the machine the SQLite driver may use.
package struct SQLiteLimits: Sendable {
    /// Tenant files open at once.
    package var openTenants = 256
    package var readersPerTenant = 2
    /// Descriptors of one.
    package var filesPerTenant: Int { 3 + 2 * readersPerTenant }
    package var platformReaders = 4
    /// How long a writer waits for another process before it gives up.
    package var busyTimeoutSeconds = 10.0

    package init() {}
}
