import Backup
import ControlPlane
import DataPlane
import Domain
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import Metering
import NIOCore
import NIOSSL
import Persistence
import Prometheus
import RedisDriver
import ServiceLifecycle

/// Everything a server is made of: a function from settings to a list of services, which tests call as well.
struct ServerAssembly: Sendable {
    /// In the order of their start; they stop in reverse.
    let services: [any Service]
    let readiness: Readiness
    /// The settings with real port numbers in place of 0.
    let settings: Settings
    let database: any Database

    /// - Parameter onRunning: called when the main port listens.
    /// - Throws: `ConfigurationError` for values that turn out wrong only in use; `DatabaseError.schemaVersion` when the
    ///   data belongs to another version of this program.
    static func make(
        _ settings: Settings, folder: DataFolder, token: OperatorToken, surroundings: Surroundings = .system,
        logger: Logger, onRunning: @escaping @Sendable () async -> Void
    ) async throws -> ServerAssembly {
        var settings = settings
        if settings.port == 0, let port = FreePort.find() { settings.port = port }
        if settings.managementPort == 0, let port = FreePort.find() { settings.managementPort = port }

        let backends = try await Backends.open(settings, in: folder, surroundings, logger)
        let database = backends.database
        try await Self.requireCurrent(database)
        let metrics = Registry()
        let keeper = backends.leases.map {
            LeaseKeeper(leases: $0, surroundings: surroundings, shares: settings.leaseShares, logger: logger)
        }
        let limiters = RateLimiters(keeper: keeper)
        let enforcement = EnforcementSwitch()
        let usageFolder = folder.file("usage")
        do { try Files.makeFolder(usageFolder) } catch {
            throw ConfigurationError(key: .dataFolder, "cannot hold the folder \"usage\": \(error)")
        }
        let meter = UsageMeter(
            database: database, surroundings: surroundings, folder: usageFolder,
            interval: settings.usageFlushInterval, logger: logger)

        let plans = PlanCatalog(settings.plans)
        let backups = Self.backupWork(settings, backends, in: folder, surroundings, logger)
        let platform = Platform(
            database: database, announcements: backends.announcements, objects: backends.objects,
            journal: backends.journal, sessions: backends.sessions, mailer: backends.mailer,
            surroundings: surroundings, plans: plans,
            addresses: Self.addresses(settings), logger: logger, version: Version.text,
            enforcement: enforcement, backupWork: backups,
            flushUsage: { tenant in try await meter.flush(tenant) })
        let controlPlane = ControlPlane(
            platform: platform, adminToken: AdminToken(token.text), endpoints: ControlPlane.endpoints())

        let dataPlane = DataPlane(
            configuration: try Self.dataPlane(settings, plans), database: database, objects: backends.objects,
            journal: backends.journal, scenarios: backends.scenarios, announcements: backends.announcements,
            meter: meter, limiters: limiters, enforcement: enforcement, metrics: metrics,
            surroundings: surroundings, logger: logger,
            verifyKey: { secret, tenant in await controlPlane.accepts(secret, tenant: tenant) })

        if let redis = backends.redis {
            redis.register(metrics)
            // What was announced while nobody could hear it.
            let versions = dataPlane.versions
            redis.announcements.onReconnect { Task { try? await versions.poll() } }
        }

        let readiness = Readiness()
        let management = Listener(
            application: Application(
                responder: ManagementResponder(readiness: readiness, metrics: MetricsText(metrics)) {
                    _ = try await database.read(.platform) { sql in try sql.query("SELECT 1", []) }
                },
                configuration: ApplicationConfiguration(
                    address: .hostname(settings.managementHost, port: settings.managementPort)),
                logger: logger),
            host: settings.managementHost, port: settings.managementPort, key: .managementPort)
        let main = Listener(
            application: Application(
                responder: controlPlane, server: try Self.pipeline(settings, dataPlane),
                configuration: ApplicationConfiguration(
                    address: .hostname(settings.host, port: settings.port), backlog: 1024,
                    availableConnectionsDelegate: MaximumAvailableConnections(settings.limits.connections)),
                onServerRunning: { _ in
                    readiness.begin()
                    await onRunning()
                },
                logger: logger),
            host: settings.host, port: settings.port, key: .serverPort)
        let stop = StopSignal(delay: settings.stopDelay) {
            readiness.end()
            dataPlane.drain.begin()
        }
        let services: [any Service] =
            backends.services + (keeper.map { [$0] } ?? []) + [meter, dataPlane, management]
            + Self.background(platform, controlPlane, meter, logger)
            + (try await Self.scheduledBackups(settings, platform, backups)) + [main, stop]
        return ServerAssembly(services: services, readiness: readiness, settings: settings, database: database)
    }

    /// An empty database gets its tables, as an empty folder does; one of another version is not touched.
    private static func requireCurrent(_ database: any Database) async throws {
        if case .empty = try await database.schemaStatus(.platform) {
            _ = try await database.migrateSchema(.platform)
        }
        try await Migrator(database).requireStart()
    }

    private static func background(
        _ platform: Platform, _ controlPlane: ControlPlane, _ meter: UsageMeter, _ logger: Logger
    ) -> [any Service] {
        [
            ReconcilerService(
                UsageReconciler(platform: platform, takeWritten: { meter.takeWritten() }),
                every: UsageReconciler.period,
                logger: logger),
            ReconcilerService(ProvisioningReconciler(platform: platform), every: .seconds(60), logger: logger),
            ReconcilerService(
                MailReconciler(platform: platform), nudge: platform.mailNudge, every: .seconds(5), logger: logger),
            ReconcilerService(
                SignInReconciler(platform: platform), nudge: platform.signInNudge, every: .seconds(5), logger: logger),
            ReconcilerService(StorageReconciler(platform: platform), every: .seconds(6 * 3600), logger: logger),
            ReconcilerService(
                HousekeepingReconciler(platform: platform, keyUse: controlPlane.keyUse), every: .seconds(60),
                logger: logger),
        ]
    }

    /// What makes backups when it is asked to. The place where they lie is reached then, and not before.
    private static func backupWork(
        _ settings: Settings, _ backends: Backends, in folder: DataFolder, _ surroundings: Surroundings,
        _ logger: Logger
    ) -> BackupWork {
        BackupWork {
            Backups(
                database: backends.database, objects: backends.objects, announcements: backends.announcements,
                store: try await settings.backup.place.open(in: folder, surroundings, logger),
                key: settings.backup.key, spoolFolder: folder.file("spool"), surroundings: surroundings,
                version: Version.text, logger: logger)
        }
    }

    /// What makes backups by itself, when the configuration asks for it.
    private static func scheduledBackups(
        _ settings: Settings, _ platform: Platform, _ work: BackupWork
    ) async throws -> [any Service] {
        guard let schedule = settings.backup.schedule else { return [] }
        let reconciler = BackupReconciler(
            platform: platform, backups: try await work.open(), schedule: schedule, retention: settings.backup.retention
        )
        return [ReconcilerService(reconciler, every: .seconds(60), logger: platform.logger)]
    }

    /// How the world reaches the server: what `server.public_url` says, else the base domain at our own port.
    static func addresses(_ settings: Settings) -> PublicAddresses {
        guard let url = settings.publicURL, let colon = url.firstIndex(of: ":") else {
            return PublicAddresses(
                scheme: settings.tls == nil ? "http" : "https", baseDomain: settings.baseDomain, port: settings.port)
        }
        let authority = url[colon...].dropFirst("://".count).prefix { $0 != "/" }
        return PublicAddresses(
            scheme: String(url[..<colon]), baseDomain: settings.baseDomain,
            port: authority.split(separator: ":").dropFirst().last.flatMap { Int($0) })
    }

    private static func dataPlane(
        _ settings: Settings, _ plans: PlanCatalog
    ) throws(ConfigurationError) -> DataPlaneConfiguration {
        var configuration = DataPlaneConfiguration()
        configuration.baseDomain = settings.baseDomain
        do { configuration.trustedProxies = try TrustedProxies(settings.trustedProxies) } catch {
            throw ConfigurationError(key: .trustedProxies, "\(error)")
        }
        configuration.plan = { plans[$0] }
        configuration.answersPlainRequests = settings.usesFastPath
        configuration.writesToSockets = settings.tls == nil
        configuration.maxPlainHead = min(configuration.maxPlainHead, settings.limits.headerBytes)
        configuration.headerTimeout = settings.limits.headerTimeout
        configuration.idleTimeout = settings.limits.idleTimeout
        configuration.bodyTimeout = settings.limits.bodyTimeout
        configuration.maxTenantLabels = settings.tenantLabelLimit
        configuration.versionPoll = settings.database.isLocal ? nil : settings.versionPoll
        return configuration
    }

    /// The data plane's handler stands before the framework's own, so that a mock reply costs no task.
    private static func pipeline(_ settings: Settings, _ dataPlane: DataPlane) throws -> HTTPServerBuilder {
        let limits = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: settings.limits.headerBytes, maxHeaderListSize: settings.limits.headerBytes,
            maxHeaderFieldCount: 200)
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: [dataPlane.makeHandler()], httpDecoderConfiguration: limits)
        guard let tls = settings.tls else { return .http1(configuration: http1) }
        return try .http2Upgrade(
            tlsConfiguration: try certificate(tls),
            configuration: HTTP2UpgradeChannel.Configuration(
                idleTimeout: settings.limits.idleTimeout, streamConfiguration: http1))
    }

    private static func certificate(_ tls: Settings.TLS) throws(ConfigurationError) -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(tls.certificateFile) } catch {
            throw ConfigurationError(
                key: .tlsCertificate, "\(tls.certificateFile) is not a readable PEM file with a certificate")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: tls.privateKeyFile, format: .pem) } catch {
            throw ConfigurationError(
                key: .tlsPrivateKey, "\(tls.privateKeyFile) is not a readable PEM file with a private key")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }
}
