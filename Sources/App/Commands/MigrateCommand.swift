import ArgumentParser
import Domain
import Logging
import Persistence

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the data to the version of this program. Stop the server first.",
        discussion: """
            The platform's schema and every tenant's are migrated one after the other, each in a transaction of its own; an
            interrupted run goes on where it stopped.

              mockforge migrate --dry-run
              mockforge migrate --data-dir /var/lib/mockforge
            """)

    @Flag(help: "Show what would be done and do nothing.") var dryRun = false
    @OptionGroup var options: SettingOptions

    func run() async throws {
        let settings = try options.load().settings
        let folder = try DataFolder(settings)
        do {
            let database = try await settings.database.open(in: folder, .system, Logger(label: "mockforge"))
            let steps = try await Migrator(database).migrate(dryRun: dryRun) { step in
                for migration in step.migrations {
                    print("\(Self.name(step.scope)): \(migration.version) \(migration.name)")
                }
            }
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
