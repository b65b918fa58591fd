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
        try await queue(tenant).run { _ = try folder(tenant, [], creating: true) }
    }

    package func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws {
        let segments = try ObjectKey.segments(key)
        try await queue(tenant).run {
            guard let folder = try folder(tenant, segments.dropLast(), creating: true) else { return }
            try folder.write(bytes, name: segments[segments.count - 1])
        }
    }

    package func get(key: String, tenant: TenantID) async throws -> [UInt8]? {
        let segments = try ObjectKey.segments(key)
        return try await queue(tenant).run {
            try folder(tenant, segments.dropLast(), creating: false)?.read(segments[segments.count - 1])
        }
    }

    package func delete(key: String, tenant: TenantID) async throws {
        let segments = try ObjectKey.segments(key)
        try await queue(tenant).run {
            guard let folder = try folder(tenant, segments.dropLast(), creating: false) else { return }
            try folder.remove(segments[segments.count - 1])
            try folder.sync()
        }
    }

    package func list(prefix: String, tenant: TenantID) async throws -> [(key: String, size: Int)] {
        try await queue(tenant).run {
            guard let folder = try folder(tenant, [], creating: false) else { return [] }
            var result: [(key: String, size: Int)] = []
            try collect(folder, below: "", prefix: prefix, into: &result)
            return result
        }
    }

    package func deleteAll(_ tenant: TenantID) async throws {
        try await queue(tenant).run {
            guard let folder = try folder(tenant, [], creating: false) else { return }
            try FileManager.default.removeItem(atPath: folder.path)
            try tenantsFolder.sync()
        }
    }

    package func tenants() async throws -> [TenantID] {
        try await queues[0].run { try tenantsFolder.names().compactMap { TenantID($0) } }
    }

    private func queue(_ tenant: TenantID) -> WorkQueue {
        queues[Int(UInt(bitPattern: tenant.hashValue) % UInt(queues.count))]
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

    private func collect(
        _ folder: Folder, below path: String, prefix: String, into result: inout [(key: String, size: Int)]
    ) throws {
        // Names that begin with a dot are files still being written.
        for name in try folder.names() where !name.hasPrefix(".") {
            let key = path + name
            if let size = folder.size(of: name) {
                if key.hasPrefix(prefix) { result.append((key, size)) }
            } else if folder.child(name).kind == .folder, (key + "/").hasPrefix(prefix) || prefix.hasPrefix(key + "/") {
                try collect(folder.child(name), below: key + "/", prefix: prefix, into: &result)
            }
        }
    }
}
