import ArgumentParser
import Backup
import ControlPlane
import Domain
import JSON
import Logging
import Persistence
import ServiceLifecycle

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Make backups, look at them, and bring tenants back from them.",
        discussion: """
            Works on the stores themselves, as the configuration names them. With PostgreSQL and S3 the nodes may run
            meanwhile; a server whose stores are in its data folder does the work itself when --api says where it is.

              mockforge backup create
              mockforge backup create --tenant abcdefgh12 --to /mnt/backups
              mockforge backup create --api http://127.0.0.1:8080
              mockforge backup list
              mockforge backup verify 20261124t031500z-k3j9
              mockforge backup restore 20261124t031500z-k3j9 --tenant abcdefgh12
              mockforge backup restore 20261124t031500z-k3j9 --tenant abcdefgh12 --to-new-tenant --subdomain acme-copy

            docs/operate/backup.md has the whole way from a loss to a working tenant.
            """,
        subcommands: [Create.self, List.self, Verify.self, Restore.self])
}

/// What every subcommand of `backup` takes.
struct BackupOptions: ParsableArguments {
    @Option(
        name: [.customLong("to"), .customLong("from")],
        help: "A folder or an s3:// URL where the backups lie, in place of backup.url.")
    var place: String?

    @Option(help: "Let the running server at this address do the work, with its own stores and its own backup.url.")
    var api: String?
    @Option(help: "The operator's token, with --api. Also MOCKFORGE_TOKEN.") var token: String?

    @Option(name: .shortAndLong, help: "How to print the answer.") var output: OutputFormat = .table
    @OptionGroup var settings: SettingOptions

    func validate() throws {
        if api != nil, place != nil { throw ValidationError("--to and --from do not go with --api") }
        if api == nil, token != nil { throw ValidationError("--token goes with --api") }
    }

    /// The server that is to do the work; nil when this process does.
    var remote: RemoteBackups? {
        api.map {
            RemoteBackups(APIClient(url: $0, token: token ?? ProcessEnvironment.read()["MOCKFORGE_TOKEN"]))
        }
    }

    /// Opens everything, does the work, and closes it again.
    func run(_ body: @escaping @Sendable (Backups) async throws -> Void) async throws {
        let loaded = try settings.load().settings
        var place = loaded.backup.place
        if let text = self.place {
            do {
                place = try BackupChoice(text, beside: loaded.storage, environment: ProcessEnvironment.read())
            } catch { throw CommandFailure(.usage, "--to \(error)") }
        }
        let logger = Logger(label: "mockforge", factory: { _ in SwiftLogNoOpLogHandler() })
        // Mail and counters in the folder are no business of a backup.
        let folder = try DataFolder(
            loaded.dataFolder, isShared: !loaded.database.isLocal && !loaded.storage.isLocal)
        do {
            let database = try await loaded.database.open(in: folder, .system, logger)
            let state = try await loaded.sharedState.open(JournalLimits(), .system, logger)
            let backups = Backups(
                database: database, objects: try await loaded.storage.open(in: folder, .system, logger),
                announcements: state.announcements, store: try await place.open(in: folder, .system, logger),
                key: loaded.backup.key, spoolFolder: folder.file("spool"), version: Version.text, logger: logger)
            try await Self.running(state.services, logger) { try await body(backups) }
            try await database.close()
        } catch let error as BackupError {
            throw Self.failure(error)
        } catch let error as DatabaseError {
            throw DatabaseChoice.failure(error)
        } catch let error as ObjectStoreError {
            throw CommandFailure(.unreachable, error.description)
        }
    }

    static func failure(_ error: BackupError) -> CommandFailure {
        switch error {
        case .refused(let sentence): CommandFailure(.refused, sentence)
        case .damaged(let sentence): CommandFailure(.noInput, sentence)
        case .failed(let sentence): CommandFailure(.software, sentence)
        }
    }

    /// Runs the services of a store for as long as `body` works.
    private static func running(
        _ services: [any Service], _ logger: Logger, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard !services.isEmpty else { return try await body() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let running = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
            group.addTask { try await running.run() }
            try await body()
            await running.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    func show(_ json: JSON) { print(output == .json ? json.prettyText : Table.record(json)) }
}

extension BackupCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Back up everything, or one tenant.")

        @Option(help: "Only this tenant.") var tenant: String?
        @OptionGroup var options: BackupOptions

        func run() async throws {
            let tenant = try BackupCommand.tenant(self.tenant)
            if let remote = options.remote {
                let body: JSON = tenant.map { ["tenant_id": .string($0.text)] } ?? [:]
                return try report(try await remote.run("/backups", body, verb: "backing up"))
            }
            try await options.run { backups in
                let progress = ProgressLine("backing up")
                let manifest = try await backups.create(tenant, observer: progress.show)
                progress.end()
                try report(manifest.overview)
            }
        }

        private func report(_ overview: JSON) throws {
            options.show(overview.merging(["skipped": .null]))
            let skipped = overview["skipped"]?.array ?? []
            for tenant in skipped {
                StandardError.write(
                    line: "warning: tenant \(tenant["tenant_id"]?.string ?? ""): \(tenant["reason"]?.string ?? "")")
            }
            if overview["key_id"]?.string == nil {
                StandardError.write(line: "note: not encrypted; set backup.key or backup.key_file to encrypt")
            }
            if !skipped.isEmpty { throw ExitCode(1) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the backups, oldest first.")

        @OptionGroup var options: BackupOptions

        func run() async throws {
            if let remote = options.remote { return show(try await remote.list()) }
            try await options.run { backups in show(try await backups.list().map(\.overview)) }
        }

        private func show(_ entries: [JSON]) {
            if options.output == .json {
                print(JSON.object(["data": .array(entries)]).prettyText)
                return
            }
            let columns = ["id", "created_at", "of", "parts", "rows", "files", "size", "key_id"]
            var table = Table(columns: columns)
            for entry in entries {
                let shown = entry["complete"] == true ? entry : entry.merging(["of": "(never completed)"])
                table.add(columns.map { Table.cell(shown[$0]) })
            }
            print(table.text)
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a backup from end to end and compare every hash; exit code 1 when something is wrong.")

        @Argument(help: "The backup's id, or \"latest\".") var backup: String
        @Option(help: "Only this tenant's part.") var tenant: String?
        @OptionGroup var options: BackupOptions

        func run() async throws {
            let tenant = try BackupCommand.tenant(self.tenant)
            if let remote = options.remote {
                let id = try await remote.id(backup)
                let body: JSON = tenant.map { ["tenant_id": .string($0.text)] } ?? [:]
                let result = try await remote.run(
                    "/backups/\(PercentEncoding.encode(id))/verify", body, verb: "reading")
                return try report(result["findings"]?.array?.compactMap(\.string) ?? [], of: id)
            }
            try await options.run { backups in
                let id = try await BackupCommand.id(backup, of: tenant, backups)
                let progress = ProgressLine("reading")
                let findings = try await backups.verify(id, tenant: tenant, observer: progress.show)
                progress.end()
                try report(findings, of: id)
            }
        }

        private func report(_ findings: [String], of id: String) throws {
            switch options.output {
            case .json:
                print(
                    JSON.object([
                        "id": .string(id), "intact": JSON(findings.isEmpty),
                        "findings": .array(findings.map { .string($0) }),
                    ]).prettyText)
            case .table:
                for finding in findings { print("WRONG  \(Table.oneLine(finding))") }
                if findings.isEmpty { print("backup \(id) is intact") }
            }
            if !findings.isEmpty { throw ExitCode(1) }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring one tenant back, or with an empty platform everything.",
            discussion: """
                The archive is checked whole before anything is touched. The tenant answers nothing until all of it is back; a
                restore that is broken off is completed by running it again. Others are not disturbed. Decisions of today about
                the account (plan, suspension, revoked keys) stand.
                """)

        @Argument(help: "The backup's id, or \"latest\".") var backup: String
        @Option(help: "The tenant to bring back; without it everything in the backup.") var tenant: String?
        @Flag(help: "Make a new tenant after the backup's image: a new id, a new subdomain, a new key, no usage.")
        var toNewTenant = false
        @Option(help: "The new tenant's subdomain; without it the old one and four characters more.")
        var subdomain: String?
        @Flag(help: "Put the backup in the place of what the tenant holds now.") var replace = false
        @OptionGroup var options: BackupOptions

        func run() async throws {
            let tenant = try BackupCommand.tenant(self.tenant)
            if toNewTenant, tenant == nil { throw CommandFailure(.usage, "--to-new-tenant needs --tenant") }
            if toNewTenant, replace { throw CommandFailure(.usage, "--to-new-tenant replaces nothing") }
            if subdomain != nil, !toNewTenant { throw CommandFailure(.usage, "--subdomain goes with --to-new-tenant") }
            if let remote = options.remote { return try await restore(tenant, by: remote) }
            try await options.run { backups in
                let id = try await BackupCommand.id(backup, of: tenant, backups)
                guard let tenant else { return try await all(id, backups) }
                guard toNewTenant else {
                    try await backups.restore(tenant, from: id, to: .same(replaces: replace))
                    options.show(["tenant_id": .string(tenant.text), "backup": .string(id), "restored": true])
                    return
                }
                let new = TenantID(from: .system)
                let name = try await newSubdomain(of: tenant, in: id, backups)
                let key = IssuedKey(of: new, named: "Default", .admin, .system)
                try await backups.restore(tenant, from: id, to: .new(new, name, key: key.record))
                options.show([
                    "tenant_id": .string(new.text), "subdomain": .string(name.text), "api_key": .string(key.secret),
                    "backup": .string(id), "copy_of": .string(tenant.text),
                ])
            }
        }

        private func restore(_ tenant: TenantID?, by remote: RemoteBackups) async throws {
            guard let tenant else {
                throw CommandFailure(
                    .usage, "a running server brings back one tenant: add --tenant, or leave out --api")
            }
            let id = try await remote.id(backup)
            var body: JSONObject = ["tenant_id": .string(tenant.text)]
            if toNewTenant { body["to_new_tenant"] = true }
            if replace { body["replace"] = true }
            if let subdomain { body["subdomain"] = .string(subdomain) }
            let result = try await remote.run(
                "/backups/\(PercentEncoding.encode(id))/restore", .object(body), verb: "restoring")
            options.show(result.merging(["backup": .string(id)]))
        }

        private func all(_ id: String, _ backups: Backups) async throws {
            let progress = ProgressLine("restoring")
            let failures = try await backups.restoreAll(from: id, replaces: replace, observer: progress.show)
            progress.end()
            for failure in failures {
                StandardError.write(line: "error: tenant \(failure.tenant): \(failure.reason)")
            }
            let count = try await backups.manifest(id).tenants.count
            options.show([
                "backup": .string(id), "restored_tenants": JSON(count - failures.count),
                "failed_tenants": JSON(failures.count),
            ])
            if !failures.isEmpty { throw ExitCode(1) }
        }

        private func newSubdomain(of tenant: TenantID, in id: String, _ backups: Backups) async throws -> Subdomain {
            var text = subdomain ?? ""
            if subdomain == nil {
                let old = try await backups.manifest(id).tenants.first { $0.id == tenant }?.subdomain ?? "tenant"
                text = "\(old.prefix(50))-\(AuditID(from: .system).text.suffix(4))"
            }
            do { return try Subdomain(text) } catch { throw CommandFailure(.usage, "--subdomain \(error.message)") }
        }
    }

    static func tenant(_ text: String?) throws(CommandFailure) -> TenantID? {
        guard let text else { return nil }
        guard let tenant = TenantID(text) else {
            throw CommandFailure(.usage, "--tenant takes a tenant's id of ten characters, not \"\(text)\"")
        }
        return tenant
    }

    /// The id that was typed, or of the newest backup that holds what is asked for.
    static func id(_ text: String, of tenant: TenantID?, _ backups: Backups) async throws -> String {
        guard text == "latest" else { return text }
        let entry = try await backups.list().last { entry in
            guard let manifest = entry.manifest else { return false }
            return tenant.map { tenant in manifest.tenants.contains { $0.id == tenant } } ?? manifest.isWhole
        }
        guard let entry else { throw CommandFailure(.refused, "there is no such backup yet") }
        return entry.id
    }
}
