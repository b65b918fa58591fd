import Backup
import Domain
import Logging
import Persistence
import S3Driver

/// `mockforge migrate --from … --to …`: everything from one platform to another.
struct PlatformMoving {
    let source: String
    let target: String
    let sourceStorage: String?
    let targetStorage: String?
    let settings: Settings

    /// One side: its database, its files and the locked folder, where it has one.
    private struct Side {
        let folder: DataFolder
        let database: any Database
        let objects: any ObjectStore
        /// Where the files are, to tell whether both sides mean the same place.
        let place: Place
    }

    private enum Place: Equatable {
        case folder(String)
        case s3(S3Address)
    }

    func run(_ logger: Logger) async throws {
        let from = try await open(source, storage: sourceStorage, flag: "--from", creating: false, logger)
        if !target.hasPrefix("postgres"), Self.path(target) == Self.path(source) {
            throw CommandFailure(.usage, "--to names the platform of --from")
        }
        let to = try await open(target, storage: targetStorage, flag: "--to", creating: true, logger)
        if case .empty = try await to.database.schemaStatus(.platform) {
            _ = try await to.database.migrateSchema(.platform)
        }
        try await Migrator(from.database).requireCurrent()
        try await Migrator(to.database).requireCurrent()
        let move = PlatformMove(
            from: .init(database: from.database, objects: from.objects),
            to: .init(database: to.database, objects: to.objects), sharesObjects: from.place == to.place,
            spoolFolder: to.folder.file("spool"))
        let progress = ProgressLine("moving")
        do {
            let report = try await move.run(observer: progress.show)
            progress.end()
            print(
                "moved \(report.tenants) tenants (\(report.alreadyThere) were there already), \(report.rows) rows, "
                    + "\(report.objects) files of \(report.objectBytes) bytes; every table and file is the same on both sides"
            )
            print("the operator's token is not moved: set admin.token, or copy the file \(OperatorToken.fileName)")
        } catch let error as BackupError {
            progress.end()
            throw BackupOptions.failure(error)
        }
        try await from.database.close()
        try await to.database.close()
    }

    private func open(
        _ url: String, storage: String?, flag: String, creating: Bool, _ logger: Logger
    ) async throws -> Side {
        let isLocal = url.hasPrefix("sqlite:")
        let path = isLocal ? Self.path(url) : settings.dataFolder
        if isLocal, !creating, !Files.exists("\(path)/platform.sqlite") {
            throw CommandFailure(.noInput, "\(flag) names \(path), which holds no platform.sqlite")
        }
        let database: DatabaseChoice
        var files: StorageChoice = isLocal ? .folder : settings.storage
        do {
            database = try DatabaseChoice(isLocal ? nil : url)
            if let storage { files = try StorageChoice(storage, environment: ProcessEnvironment.read()) }
        } catch { throw CommandFailure(.usage, "\(flag) \(error)") }
        let folder = try DataFolder(path, isShared: !database.isLocal)
        let place: Place =
            switch files {
            case .folder: Place.folder(Self.path(path))
            case .s3(let address): Place.s3(address)
            }
        return Side(
            folder: folder, database: try await database.open(in: folder, .system, logger),
            objects: try await files.open(in: folder, .system, logger), place: place)
    }

    /// Without the scheme and without slashes at the end.
    private static func path(_ text: String) -> String {
        var path = text.hasPrefix("sqlite:") ? String(text.dropFirst("sqlite:".count)) : text
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if path.hasPrefix("./") { path.removeFirst(2) }
        return path
    }
}
