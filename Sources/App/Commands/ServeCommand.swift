import ArgumentParser
import Domain
import Logging
import Persistence
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server: mock traffic and the API on one port, metrics and health on another.",
        discussion: """
            Everything it keeps is in one folder, unless a URL names another place. SIGTERM and SIGINT end it gracefully.

              mockforge serve --demo
              mockforge serve --port 8081 --data-dir /var/lib/mockforge --base-domain mockforge.dev
              mockforge serve --config mockforge.yaml --set log.format=json

            `mockforge config show` tells what it would start with; docs/operate/configuration.md lists every key.
            """)

    @OptionGroup var options: SettingOptions

    func run() async throws {
        EventLoops.fitToCores()
        OpenFiles.raiseLimit()
        let loaded = try options.load()
        let settings = loaded.settings
        let level = Logger.Level(rawValue: settings.logLevel) ?? .info
        let format = settings.logFormat
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format, level: level) }
        let logger = Logger(label: "mockforge")
        for warning in loaded.warnings { logger.warning("\(warning)") }

        let folder = try DataFolder(settings)
        let source = try settings.isDemo ? DemoSource.read(settings.demoFile) : nil
        let token: OperatorToken
        do {
            if settings.isDemo { try DemoTenant.plan(for: folder) }
            token = try OperatorToken(configured: settings.adminToken, in: folder, .system)
        } catch {
            throw ConfigurationError(key: .dataFolder, "cannot be written: \(error)")
        }
        let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
        let assembly: ServerAssembly
        do {
            assembly = try await ServerAssembly.make(settings, folder: folder, token: token, logger: logger) {
                isRunning.finish()
            }
        } catch let error as DatabaseError {
            throw DatabaseChoice.failure(error)
        }
        let greeting = Task {
            for await _ in running {}
            for line in Welcome.text(assembly.settings, token: token) { StandardOutput.write(line: line) }
            guard let source, DemoTenant.exists(in: folder) else { return }
            await Self.showDemo(assembly.settings, folder, token, source, logger)
        }
        defer { greeting.cancel() }

        var configuration = ServiceGroupConfiguration(services: assembly.services, logger: logger)
        configuration.services = assembly.services.map { service in
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service, successTerminationBehavior: .ignore, failureTerminationBehavior: .cancelGroup)
        }
        configuration.gracefulShutdownSignals = [.sigterm, .sigint]
        configuration.maximumGracefulShutdownDuration = settings.stopDelay + settings.limits.drainTimeout
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
            logger.warning("requests were still in progress when the drain time was over")
        }
        try await assembly.database.close()
        logger.info("stopped")
    }

    private static func showDemo(
        _ settings: Settings, _ folder: DataFolder, _ token: OperatorToken, _ source: [UInt8], _ logger: Logger
    ) async {
        let host = ["0.0.0.0", "::", "localhost"].contains(settings.host) ? "127.0.0.1" : settings.host
        let scheme = settings.tls == nil ? "http" : "https"
        let demo = DemoTenant(
            folder: folder, url: "\(scheme)://\(host):\(settings.port)", token: token.text, source: source,
            logger: logger)
        do {
            let key = try await demo.provision()
            for line in Welcome.demo(settings, token: token, key: key) { StandardOutput.write(line: line) }
        } catch {
            let reason = (error as? CommandFailure)?.message ?? "\(error)"
            logger.error(
                "the demo tenant could not be made; the next start tries again", metadata: ["error": "\(reason)"])
        }
    }
}
