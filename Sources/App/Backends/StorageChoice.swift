import Domain
import Logging
import Persistence
import S3Driver

/// Where imported files and other large things live, as `storage.url` says.
enum StorageChoice: Sendable, Equatable {
    /// `objects` in the data folder.
    case folder
    case s3(S3Address)

    /// - Parameter environment: where the credentials of a bucket are when its URL has none.
    init(_ url: String?, environment: [String: String]) throws(BackendRefusal) {
        switch url {
        case nil, "folder": self = .folder
        case let url? where url.hasPrefix("s3:"):
            do { self = .s3(try S3Address(url, environment: environment)) } catch {
                throw BackendRefusal("\(error)")
            }
        case let url?:
            throw BackendRefusal(scheme: url, known: "folder (the data folder) or s3://ACCESS:SECRET@bucket/prefix")
        }
    }

    var isLocal: Bool { self == .folder }

    /// Reaches the store, and proves that it can be written.
    ///
    /// - Throws: `CommandFailure` that names the key.
    func open(in folder: DataFolder, _ surroundings: Surroundings, _ logger: Logger) async throws -> any ObjectStore {
        switch self {
        case .folder:
            return FolderObjectStore(folder.file("objects"))
        case .s3(let address):
            let store = S3ObjectStore(address, surroundings: surroundings, logger: logger)
            do { try await store.connect() } catch let error as ObjectStoreError {
                switch error {
                case .unavailable(let sentence): throw CommandFailure(.storageURL, .unreachable, sentence)
                case .refused(let sentence): throw CommandFailure(.storageURL, .configuration, sentence)
                }
            }
            return store
        }
    }
}
