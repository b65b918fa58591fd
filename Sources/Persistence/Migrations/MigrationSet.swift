/// The migrations of one kind of schema, embedded in the binary.
package struct MigrationSet: Sendable {
    /// In order of version.
    package let migrations: [Migration]

    package init(_ migrations: [Migration]) { self.migrations = migrations }

    package var newestVersion: Int { migrations.last?.version ?? 0 }

    /// What the platform schema is made of.
    package static let platform = MigrationSet([
        Migration(
            version: 1, name: "platform_baseline",
            sql: String(decoding: PackageResources._001_platform_baseline_sql, as: UTF8.self)),
        Migration(
            version: 2, name: "mail_and_one_time_links",
            sql: String(decoding: PackageResources._002_mail_and_one_time_links_sql, as: UTF8.self)),
        Migration(
            version: 3, name: "background_claims",
            sql: String(decoding: PackageResources._003_background_claims_sql, as: UTF8.self)),
        Migration(
            version: 4, name: "quota_events",
            sql: String(decoding: PackageResources._004_quota_events_sql, as: UTF8.self)),
        Migration(
            version: 5, name: "member_sign_in",
            sql: String(decoding: PackageResources._005_member_sign_in_sql, as: UTF8.self)),
        Migration(
            version: 6, name: "uncertain_mail_and_backup_operations",
            sql: String(decoding: PackageResources._006_uncertain_mail_and_backup_operations_sql, as: UTF8.self)),
    ])

    /// What each tenant's schema is made of.
    package static let tenant = MigrationSet([
        Migration(
            version: 1, name: "tenant_baseline",
            sql: String(decoding: PackageResources._001_tenant_baseline_sql, as: UTF8.self)),
        Migration(
            version: 2, name: "usage_rollups",
            sql: String(decoding: PackageResources._002_usage_rollups_sql, as: UTF8.self)),
        Migration(
            version: 3, name: "members",
            sql: String(decoding: PackageResources._003_members_sql, as: UTF8.self)),
        Migration(
            version: 4, name: "assets_and_exports",
            sql: String(decoding: PackageResources._004_assets_and_exports_sql, as: UTF8.self)),
        Migration(
            version: 5, name: "storage_claims",
            sql: String(decoding: PackageResources._005_storage_claims_sql, as: UTF8.self)),
    ])
}

/// The two sets that a database needs; tests pass their own.
package struct MigrationSets: Sendable {
    package var platform: MigrationSet
    package var tenant: MigrationSet

    package init(platform: MigrationSet = .platform, tenant: MigrationSet = .tenant) {
        self.platform = platform
        self.tenant = tenant
    }

    package subscript(scope: DatabaseScope) -> MigrationSet {
        switch scope {
        case .platform: platform
        case .tenant: tenant
        }
    }
}
