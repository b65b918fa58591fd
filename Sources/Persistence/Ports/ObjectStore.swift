package import Domain

/// Where large things live: imported descriptions, assets, exports. Every key is under one tenant's prefix
/// (`tenants/<id>/`), which the store adds, so no caller can name another tenant's object.
package protocol ObjectStore: Sendable {
    /// Makes the tenant's prefix usable. Does nothing when it is.
    func prepare(_ tenant: TenantID) async throws

    /// Stores `bytes` whole or not at all. `key` is `[a-z0-9._-]` segments parted by `/`.
    func put(_ bytes: [UInt8], key: String, tenant: TenantID) async throws

    /// The bytes, or nil when there is no such object.
    func get(key: String, tenant: TenantID) async throws -> [UInt8]?

    /// Does nothing when there is no such object.
    func delete(key: String, tenant: TenantID) async throws

    /// Keys below `prefix` with their sizes in bytes.
    func list(prefix: String, tenant: TenantID) async throws -> [(key: String, size: Int)]

    /// Removes everything of the tenant.
    func deleteAll(_ tenant: TenantID) async throws

    /// The tenants that have a prefix: what finds orphans.
    func tenants() async throws -> [TenantID]
}
