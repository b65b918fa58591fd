package import Domain
package import Logging
package import Metering
package import Persistence

/// What the control plane works on: the ports, the plans and the addresses. Made once by the composition root.
package struct Platform: Sendable {
    package let database: any Database
    package let announcements: any Announcements
    package let objects: any ObjectStore
    package let journal: any Journal
    package let sessions: any SessionStore
    package let mailer: any Mailer
    package let surroundings: Surroundings
    package let plans: PlanCatalog
    package let addresses: PublicAddresses
    package let logger: Logger
    /// Wakes the sender of mail.
    package let mailNudge = Nudge()
    /// Wakes what answers requests to sign in.
    package let signInNudge = Nudge()
    /// When this process started; for `/system/status`.
    package let startedAt: Timestamp
    /// The version of the binary.
    package let version: String
    /// Brings what this node has counted for a tenant into the ledger, so that a report is complete.
    package let flushUsage: @Sendable (TenantID) async throws -> Void
    /// Makes backups when the API is asked for them; nil where nothing does.
    let backupWork: BackupWork?
    /// The operator's switch, which this node's data plane looks at too.
    package let enforcement: EnforcementSwitch
    let watch: QuotaWatch
    let attempts = FailedAttempts()
    let rates = ManagementRates()
    package let openStreams = OpenStreams()
    package let imports = ImportThreads()
    /// Where checks that take long are made.
    let computing = TenantThreads()

    package init(
        database: any Database, announcements: any Announcements, objects: any ObjectStore, journal: any Journal,
        sessions: any SessionStore, mailer: any Mailer, surroundings: Surroundings = .system, plans: PlanCatalog,
        addresses: PublicAddresses,
        logger: Logger, version: String, enforcement: EnforcementSwitch = EnforcementSwitch(),
        backupWork: BackupWork? = nil,
        flushUsage: @escaping @Sendable (TenantID) async throws -> Void = { _ in }
    ) {
        self.database = database
        self.announcements = announcements
        self.objects = objects
        self.journal = journal
        self.sessions = sessions
        self.mailer = mailer
        self.surroundings = surroundings
        self.plans = plans
        self.addresses = addresses
        self.logger = logger
        startedAt = surroundings.now()
        self.version = version
        self.enforcement = enforcement
        self.backupWork = backupWork
        watch = QuotaWatch(database: database, surroundings: surroundings, logger: logger)
        self.flushUsage = flushUsage
    }
}
