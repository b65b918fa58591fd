import Domain
import JSON
package import Persistence

/// Where backups lie: an object store of their own, in which each is a folder of archives and, written last, a manifest.
///
/// Stores keep everything below some tenant; a backup must outlive its tenants, so all of them are below one reserved id.
package struct BackupShelf: Sendable {
    private let store: any ObjectStore

    private static let owner = TenantID("backups000")!
    private static let manifestName = "manifest.json"

    package init(_ store: any ObjectStore) { self.store = store }

    func put(_ stream: ObjectStream, part: ArchivePart, of backup: String) async throws -> Int {
        try await store.put(stream, key: Self.key(part, backup), tenant: Self.owner)
    }

    func stream(_ part: ArchivePart, of backup: String) async throws -> ObjectStream {
        guard let stream = try await store.stream(key: Self.key(part, backup), tenant: Self.owner) else {
            throw BackupError.damaged("the archive of \(part) is missing")
        }
        return stream
    }

    func put(_ manifest: BackupManifest) async throws {
        try await store.put(
            manifest.json.bytes, key: "\(manifest.id)/\(Self.manifestName)", tenant: Self.owner)
    }

    /// - Throws: `BackupError.refused` when there is no such backup or it was never completed.
    func manifest(_ backup: String) async throws -> BackupManifest {
        // An id that is no key is an id that is not there.
        guard !backup.contains("/"), (try? ObjectKey.segments(backup)) != nil,
            let bytes = try await store.get(key: "\(backup)/\(Self.manifestName)", tenant: Self.owner)
        else {
            throw BackupError.refused("there is no backup \"\(backup)\"; `mockforge backup list` shows those there are")
        }
        return try BackupManifest(bytes)
    }

    /// The ids of all backups, oldest first, and whether each is complete.
    func ids() async throws -> [(id: String, isComplete: Bool)] {
        var complete: [String: Bool] = [:]
        for object in try await store.list(prefix: "", tenant: Self.owner) {
            let parts = object.key.split(separator: "/")
            guard parts.count == 2 else { continue }
            let isManifest = parts[1] == Self.manifestName
            complete[String(parts[0])] = complete[String(parts[0])] == true || isManifest
        }
        return complete.map { ($0.key, $0.value) }.sorted { $0.id < $1.id }
    }

    /// The manifest first, so that a removal that is cut off leaves an incomplete backup, not a damaged one.
    func remove(_ backup: String) async throws {
        try await store.delete(key: "\(backup)/\(Self.manifestName)", tenant: Self.owner)
        for object in try await store.list(prefix: "\(backup)/", tenant: Self.owner) {
            try await store.delete(key: object.key, tenant: Self.owner)
        }
    }

    private static func key(_ part: ArchivePart, _ backup: String) -> String { "\(backup)/\(part).archive" }
}
