package import Domain

/// What the data plane takes from the settings. Times are in seconds unless the name says otherwise.
package struct DataPlaneConfiguration: Sendable {
    /// In lower case, without a port and without a dot at the end.
    package var baseDomain = "localhost"
    /// Addresses and ranges (`10.0.0.0/8`, `::1`) of proxies whose `X-Forwarded-Host` is believed.
    package var trustedProxies = TrustedProxies.none
    /// Finds a plan by the name in a tenant's record; nil for a plan that the settings no longer have.
    package var plan: @Sendable (String) -> Plan? = { name in Plan.standardPlans.first { $0.name == name } }

    /// Whether plain requests are answered before the HTTP codec.
    package var answersPlainRequests = true
    /// Whether their replies may be written to a connection's socket itself: no handler stands before them that changes bytes,
    /// as one for TLS does.
    package var writesToSockets = false
    /// Bytes of a longer head are the codec's; at most what the codec takes.
    package var maxPlainHead = 8 * 1024
    /// How long a client may take for the first request line and headers of a connection.
    package var headerTimeout = Duration.seconds(15)
    /// How long a connection may rest between two requests.
    package var idleTimeout = Duration.seconds(75)
    /// How long a client may pause within a request body.
    package var bodyPauseTimeout = Duration.seconds(20)
    /// How long a client may take for a whole request body.
    package var bodyTimeout = Duration.seconds(300)
    /// Requests of one tenant that may wait for their delay to pass at one time.
    package var maxDelayedRequests = 5000
    /// A longer delay is cut to this.
    package var maxDelay = Duration.seconds(120)

    /// Tenants kept in memory. Those with requests in the last two minutes are kept beyond that.
    package var maxTenants = 20_000
    /// Addresses that are known to name no tenant.
    package var maxAbsentTenants = 10_000
    /// How long an address that named no tenant is not looked up again.
    package var absentTenantLifetime = Duration.seconds(5)
    /// How often to ask the database what other nodes have changed; nil when there is no other node.
    package var versionPoll: Duration?
    /// Estimated bytes of compiled workspaces kept in memory.
    package var snapshotMemory = 256 << 20
    /// Tenants with a `tenant_id` of their own in the metrics; the others are `other`.
    package var maxTenantLabels = 500

    package init() {}
}
