import Domain
import Logging
import Persistence
import S3Driver

/// Where backups lie, as `backup.url` or a flag says.
enum BackupChoice: Sendable, Equatable {
    /// A folder, made where needed; nil is `backups` in the data folder.
    case folder(String?)
    case s3(S3Address)

    /// - Parameters:
    ///   - text: a folder's path or an `s3:` URL; nil for a place beside the tenants' files.
    ///   - environment: where the credentials of a bucket are when its URL has none.
    init(_ text: String?, beside storage: StorageChoice, environment: [String: String]) throws(BackendRefusal) {
        switch (text, storage) {
        case (nil, .folder): self = .folder(nil)
        case (nil, .s3(let address)): self = .s3(address.below("backups"))
        case (let text?, _) where text.hasPrefix("s3:"):
            do { self = .s3(try S3Address(text, environment: environment)) } catch { throw BackendRefusal("\(error)") }
        case (let text?, _):
            guard !text.contains("://") else {
                throw BackendRefusal(scheme: text, known: "a folder's path or s3://ACCESS:SECRET@bucket/prefix")
            }
            self = .folder(text)
        }
    }

    /// Reaches the place.
    ///
    /// - Throws: `CommandFailure` that names the key.
    func open(in folder: DataFolder, _ surroundings: Surroundings, _ logger: Logger) async throws -> any ObjectStore {
        switch self {
        case .folder(let path):
            return FolderObjectStore(path ?? folder.file("backups"))
        case .s3(let address):
            let store = S3ObjectStore(address, surroundings: surroundings, logger: logger)
            do { try await store.connect() } catch let error as ObjectStoreError {
                switch error {
                case .unavailable(let sentence): throw CommandFailure(.backupURL, .unreachable, sentence)
                case .refused(let sentence): throw CommandFailure(.backupURL, .configuration, sentence)
                }
            }
            return store
        }
    }
}
