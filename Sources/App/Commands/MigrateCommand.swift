import ArgumentParser
import Domain
import Logging
import Persistence

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the data to the version of this program, or to another database.",
        discussion: """
            The platform's schema is migrated first and then every tenant's, each in a transaction of its own; an
            interrupted run goes on where it stopped. With SQLite stop the server first; with PostgreSQL the nodes go on
            serving (docs/operate/migrations.md).

              mockforge migrate --dry-run
              mockforge migrate --data-dir /var/lib/mockforge
              mockforge migrate --workers 8 --database-url postgres://…

            With --from and --to everything goes from one platform to another, empty one, and is compared on both sides; an
            interrupted run leaves out what is over already. Nothing may write to either side meanwhile:

              mockforge migrate --from sqlite:./data --to postgres://mockforge@db/mockforge --to-storage s3://bucket/prefix
            """)

    @Flag(help: "Show what would be done and do nothing.") var dryRun = false
    @Option(help: "The platform to move: sqlite:FOLDER or postgres://…") var from: String?
    @Option(help: "The empty platform to move it to: sqlite:FOLDER or postgres://…") var to: String?
    @Option(help: "Where the files of --from are: s3://…; without it storage.url, or the folder of sqlite:FOLDER.")
    var fromStorage: String?
    @Option(help: "Where the files of --to shall be, likewise.") var toStorage: String?
    @Option(help: "How many tenants to migrate at a time.") var workers = 4
    @OptionGroup var options: SettingOptions

    func validate() throws {
        guard (1...100).contains(workers) else { throw ValidationError("--workers must be 1 to 100") }
    }

    func run() async throws {
        let settings = try options.load().settings
        if from != nil || to != nil {
            guard let from, let to, !dryRun else {
                throw CommandFailure(.usage, "--from and --to go together, and without --dry-run")
            }
            let moving = PlatformMoving(
                source: from, target: to, sourceStorage: fromStorage, targetStorage: toStorage, settings: settings)
            do { return try await moving.run(Logger(label: "mockforge")) } catch let error as DatabaseError {
                throw DatabaseChoice.failure(error)
            }
        }
        let folder = try DataFolder(settings)
        do {
            let database = try await settings.database.open(in: folder, .system, Logger(label: "mockforge"))
            // A terminal gets a moving line in place of a line for each of a thousand tenants.
            let progress = ProgressLine("migrating")
            let isMoving = progress.isShown && !dryRun
            let steps = try await Migrator(database).migrate(dryRun: dryRun, workers: workers) { step in
                if isMoving { return progress.show(step.position, of: step.count, Self.name(step.scope)) }
                for migration in step.migrations {
                    print("\(Self.name(step.scope)): \(migration.version) \(migration.name)")
                }
            }
            if isMoving { progress.end() }
            try await database.close()
            let verb = dryRun ? "would be migrated" : "migrated"
            print(steps.isEmpty ? "everything is current" : "\(steps.count) schemas \(verb)")
        } catch let error as DatabaseError {
            throw DatabaseChoice.failure(error)
        }
    }

    private static func name(_ scope: DatabaseScope) -> String {
        switch scope {
        case .platform: "platform"
        case .tenant(let tenant): tenant.schemaName
        }
    }
}
