package import Domain
import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Objects as files: `<root>/tenants/<id>/<key>`.
package struct FolderObjectStore: ObjectStore {
    private let tenantsFolder: Folder
    /// Several, so that one tenant's large file does not hold up all the others.
    private let queues: [WorkQueue]

    /// `root` is created when it is first needed.
    package init(_ root: String) {
        tenantsFolder = Folder(root).child("tenants")
        queues = (0..<4).map { WorkQueue(label: "mockforge.objects.\($0)") }
    }

    package func prepare(_ tenant: TenantID) async throws {
        try await run(tenant) { _ = try folder(tenant, [], creating: true) }
    }

    package func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws {
        let segments = try ObjectKey.segments(key)
        try await run(tenant) {
            guard let folder = try folder(tenant, segments.dropLast(), creating: true) else { return }
            try folder.write(bytes, name: segments[segments.count - 1])
        }
    }

    package func put(_ stream: ObjectStream, key: String, tenant: TenantID) async throws -> Int {
        let segments = try ObjectKey.segments(key)
        let file = try await run(tenant) {
            try folder(tenant, segments.dropLast(), creating: true).map { try NewFile(in: $0) }
        }
        guard let file else { return 0 }
        var count = 0
        for try await piece in stream {
            try await run(tenant) { try file.append(piece) }
            count += piece.count
        }
        try Task.checkCancellation()
        try await run(tenant) { try file.finish(as: segments[segments.count - 1]) }
        return count
    }

    package func get(key: String, tenant: TenantID) async throws -> [UInt8]? {
        let segments = try ObjectKey.segments(key)
        return try await run(tenant) {
            try folder(tenant, segments.dropLast(), creating: false)?.read(segments[segments.count - 1])
        }
    }

    package func stream(key: String, tenant: TenantID) async throws -> ObjectStream? {
        let segments = try ObjectKey.segments(key)
        let file = try await run(tenant) {
            try folder(tenant, segments.dropLast(), creating: false).flatMap {
                try OpenFile(segments[segments.count - 1], in: $0)
            }
        }
        guard let file else { return nil }
        return ObjectStream {
            let piece = try await run(tenant) { try file.next(ObjectStream.pieceSize) }
            return piece.isEmpty ? nil : piece
        }
    }

    package func delete(key: String, tenant: TenantID) async throws {
        let segments = try ObjectKey.segments(key)
        try await run(tenant) {
            guard let folder = try folder(tenant, segments.dropLast(), creating: false) else { return }
            try folder.remove(segments[segments.count - 1])
            try folder.sync()
        }
    }

    package func list(prefix: String, tenant: TenantID) async throws -> [StoredObject] {
        try await run(tenant) {
            guard let folder = try folder(tenant, [], creating: false) else { return [] }
            var result: [StoredObject] = []
            try collect(folder, below: "", prefix: prefix, into: &result)
            return result.sorted { $0.key < $1.key }
        }
    }

    package func deleteAll(_ tenant: TenantID) async throws {
        try await run(tenant) {
            guard let folder = try folder(tenant, [], creating: false) else { return }
            try FileManager.default.removeItem(atPath: folder.path)
            try tenantsFolder.sync()
        }
    }

    package func tenants() async throws -> [TenantID] {
        try await run(queues[0]) { try tenantsFolder.names().compactMap { TenantID($0) } }
    }

    package func removeUnfinished(before moment: Timestamp, tenant: TenantID) async throws -> Int {
        try await run(tenant) {
            guard let folder = try folder(tenant, [], creating: false) else { return 0 }
            return try removeUnfinished(in: folder, before: moment)
        }
    }

    private func run<Result: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await run(queues[Int(UInt(bitPattern: tenant.hashValue) % UInt(queues.count))], body)
    }

    /// A full or failing disk is a store that is not there now.
    private func run<Result: Sendable>(
        _ queue: WorkQueue, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        do {
            return try await queue.run(body)
        } catch let error as FolderError {
            throw ObjectStoreError.unavailable(error.description)
        }
    }

    /// The folder of a key, or nil when it is not there and not to be made.
    ///
    /// - Throws: `FolderError` where something else, such as a symbolic link, is in its place: following one would lead
    ///   out of the tenant's prefix.
    private func folder(_ tenant: TenantID, _ segments: ArraySlice<String>, creating: Bool) throws -> Folder? {
        if creating { try tenantsFolder.create() }
        var folder = tenantsFolder
        for segment in [tenant.text] + segments {
            let child = folder.child(segment)
            switch child.kind {
            case .folder: break
            case .nothing where creating:
                try child.create()
                try folder.sync()
            case .nothing: return nil
            case .other: throw FolderError("refused to follow what is not a folder:", child.path)
            }
            folder = child
        }
        return folder
    }

    private func removeUnfinished(in folder: Folder, before moment: Timestamp) throws -> Int {
        var count = 0
        for name in try folder.names() {
            if let status = folder.status(of: name) {
                guard name.hasPrefix(NewFile.prefix), status.modifiedAt < moment else { continue }
                try folder.remove(name)
                count += 1
            } else if folder.child(name).kind == .folder {
                count += try removeUnfinished(in: folder.child(name), before: moment)
            }
        }
        return count
    }

    private func collect(
        _ folder: Folder, below path: String, prefix: String, into result: inout [StoredObject]
    ) throws {
        // Names that begin with a dot are files still being written.
        for name in try folder.names() where !name.hasPrefix(".") {
            let key = path + name
            if let (size, modifiedAt) = folder.status(of: name) {
                if key.hasPrefix(prefix) {
                    result.append(StoredObject(key: key, size: size, modifiedAt: modifiedAt))
                }
            } else if folder.child(name).kind == .folder, (key + "/").hasPrefix(prefix) || prefix.hasPrefix(key + "/") {
                try collect(folder.child(name), below: key + "/", prefix: prefix, into: &result)
            }
        }
    }
}
