import Domain
import JSON
import Logging
import Persistence

/// Keeps what is stored and what is counted together: removes objects that no row names any more, such as the text of an
/// import that a crash broke off, what broken uploads have left, and exports that were kept long enough.
///
/// Storage is counted from the list of the objects, so a thing that is neither named nor removed would be paid for by the
/// tenant for ever.
package struct StorageReconciler: Reconciler {
    package let name = "storage"
    private let platform: Platform
    /// An import stores first and commits after that; and the clocks of store and node may differ.
    private static let grace = Duration.seconds(86_400)

    package init(platform: Platform) { self.platform = platform }

    package func reconcile() async throws {
        for tenant in try await platform.objects.tenants() {
            if Task.isCancelled { return }
            do {
                try await reconcile(tenant)
            } catch {
                // The others are none the worse for it.
                platform.logger.warning(
                    "storage could not be looked through", metadata: ["tenant_id": "\(tenant)", "error": "\(error)"])
            }
        }
    }

    private func reconcile(_ tenant: TenantID) async throws {
        let isTenant = try await platform.database.read(.platform) { sql in
            try TenantRepository(sql).find(tenant)?.isProvisioned == true
                && ProvisioningRepository(sql).find(tenant) == nil
        }
        // Provisioning looks after what is coming and going.
        guard isTenant else { return }
        let limit = platform.surroundings.now() - Self.grace
        let unfinished = try await platform.objects.removeUnfinished(before: limit, tenant: tenant)
        try await platform.database.write(.tenant(tenant)) { [now = platform.surroundings.now()] sql in
            _ = try ExportRepository(sql).delete(before: now - ExportRecord.retention)
        }
        // The list before the rows: what a row names when it is read was not stored for nothing.
        let old = try await platform.objects.list(prefix: ImportedSource.root, tenant: tenant)
            .filter { $0.modifiedAt < limit }
        let named = old.isEmpty ? [] : try await platform.database.read(.tenant(tenant), StoredObjects.named)
        let orphans = old.filter { !named.contains($0.key) }
        for orphan in orphans { try await platform.objects.delete(key: orphan.key, tenant: tenant) }
        if unfinished > 0 || !orphans.isEmpty {
            platform.logger.notice(
                "removed what no row names",
                metadata: [
                    "tenant_id": "\(tenant)", "objects": "\(orphans.count)",
                    "bytes": "\(orphans.reduce(0) { $0 + $1.size })", "unfinished_uploads": "\(unfinished)",
                ])
        }
    }
}

/// Which objects a tenant's rows name.
enum StoredObjects {
    static let named: @Sendable (any SQLSession) throws -> Set<String> = { sql in
        var keys: Set<String> = []
        for workspace in try WorkspaceRepository(sql).all() {
            for mock in try MockRepository(sql).all(workspace: workspace.id) {
                if let key = mock.source["object_key"]?.string { keys.insert(key) }
            }
        }
        for note in try RouteRepository(sql).notes() {
            if let key = LargeDocuments.key(note) { keys.insert(key) }
        }
        keys.formUnion(try AssetRepository(sql).objectKeys())
        keys.formUnion(try ExportRepository(sql).objectKeys())
        return keys
    }
}
