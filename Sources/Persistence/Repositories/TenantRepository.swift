package import Domain
import JSON

/// Which tenants a list shows.
package struct TenantFilter: Sendable, Hashable {
    package var status: TenantStatus?
    package var plan: String?
    /// Part of the id, name, subdomain or administrator's address, in any case.
    package var search: String?
    /// Deleted tenants are left out unless asked for by `status` or by this.
    package var includesDeleted: Bool
    package var includesUnprovisioned: Bool

    package init(
        status: TenantStatus? = nil, plan: String? = nil, search: String? = nil, includesDeleted: Bool = false,
        includesUnprovisioned: Bool = false
    ) {
        self.status = status
        self.plan = plan
        self.search = search
        self.includesDeleted = includesDeleted
        self.includesUnprovisioned = includesUnprovisioned
    }
}

/// `platform.tenants` with the reservations of their subdomains.
package struct TenantRepository {
    /// What a `uniqueViolation` names when `insert` meets a taken or still reserved subdomain.
    package static let subdomainConstraint = "subdomain_reservations.subdomain"
    /// How long the subdomain of a purged tenant stays taken, counted from its deletion.
    package static let reservation = Duration.seconds(90 * 86_400)

    private let sql: any SQLSession

    package init(_ sql: any SQLSession) { self.sql = sql }

    private static let columns = """
        id, name, subdomain, plan, status, admin_email, admin_name, quota_overrides, permission_overrides, \
        is_provisioned, created_at, updated_at, deleted_at, version
        """

    /// Adds a tenant and reserves its subdomain.
    ///
    /// - Throws: `DatabaseError.uniqueViolation` with `subdomainConstraint`.
    package func insert(_ record: TenantRecord) throws {
        try sql.execute(
            "DELETE FROM subdomain_reservations WHERE subdomain = $1 AND reserved_until <= $2",
            [.text(record.subdomain.text), .init(record.createdAt)])
        try sql.execute(
            "INSERT INTO subdomain_reservations (subdomain, tenant_id, reserved_until) VALUES ($1, $2, NULL)",
            [.text(record.subdomain.text), .init(record.id)])
        try sql.execute(
            """
            INSERT INTO tenants (\(Self.columns))
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """,
            [
                .init(record.id), .text(record.name), .text(record.subdomain.text), .text(record.plan),
                .text(record.status.rawValue), .text(record.adminEmail), .text(record.adminName),
                .text(Self.text(record.quotaOverrides)), .text(Self.text(record.permissionOverrides)),
                .init(record.isProvisioned), .init(record.createdAt), .init(record.updatedAt),
                .init(record.deletedAt), .init(record.version),
            ])
    }

    /// Whether `insert` would take this subdomain at the given moment.
    package func isFree(_ subdomain: Subdomain, at now: Timestamp) throws -> Bool {
        try sql.first(
            """
            SELECT 1 AS taken FROM subdomain_reservations
            WHERE subdomain = $1 AND (reserved_until IS NULL OR reserved_until > $2)
            """, [.text(subdomain.text), .init(now)]) == nil
    }

    /// Any tenant with this id, also one that is deleted or not yet provisioned.
    package func find(_ id: TenantID) throws -> TenantRecord? {
        try sql.first("SELECT \(Self.columns) FROM tenants WHERE id = $1", [.init(id)]).map(Self.record)
    }

    /// As `find` by id.
    package func find(subdomain: Subdomain) throws -> TenantRecord? {
        try sql.first("SELECT \(Self.columns) FROM tenants WHERE subdomain = $1", [.text(subdomain.text)])
            .map(Self.record)
    }

    /// Oldest first.
    package func list(_ filter: TenantFilter = TenantFilter(), page: Page) throws -> Listing<TenantRecord> {
        try selection(filter).page(page, sql, Self.record)
    }

    /// Oldest first, after `cursor`.
    package func list(
        _ filter: TenantFilter = TenantFilter(), after cursor: Cursor?, limit: Int
    ) throws -> CursorListing<TenantRecord> {
        try selection(filter).after(cursor, limit: limit, sql, Self.record)
    }

    /// Ids of tenants that have been provisioned, the greatest first.
    package func lastProvisioned(limit: Int) throws -> [TenantID] {
        try sql.query("SELECT id FROM tenants WHERE is_provisioned = 1 ORDER BY id DESC LIMIT $1", [.init(limit)])
            .map { try $0.tenant("id") }
    }

    package func count(_ filter: TenantFilter = TenantFilter()) throws -> Int { try selection(filter).count(sql) }

    /// Writes everything but id, subdomain and time of creation.
    ///
    /// - Returns: the record as stored, one version on; nil when `expectedVersion` is not the stored one.
    package func update(_ record: TenantRecord, expectedVersion: Int) throws -> TenantRecord? {
        let changed = try sql.execute(
            """
            UPDATE tenants SET name = $3, plan = $4, status = $5, admin_email = $6, admin_name = $7,
                quota_overrides = $8, permission_overrides = $9, is_provisioned = $10, updated_at = $11,
                deleted_at = $12, version = version + 1
            WHERE id = $1 AND version = $2
            """,
            [
                .init(record.id), .init(expectedVersion), .text(record.name), .text(record.plan),
                .text(record.status.rawValue), .text(record.adminEmail), .text(record.adminName),
                .text(Self.text(record.quotaOverrides)), .text(Self.text(record.permissionOverrides)),
                .init(record.isProvisioned), .init(record.updatedAt), .init(record.deletedAt),
            ])
        return changed == 1 ? try find(record.id) : nil
    }

    /// The last step of provisioning: from now on the tenant is visible.
    package func markProvisioned(_ id: TenantID, at now: Timestamp) throws {
        try sql.execute(
            "UPDATE tenants SET is_provisioned = 1, updated_at = $2, version = version + 1 WHERE id = $1",
            [.init(id), .init(now)])
    }

    /// Marks a tenant as deleted; its data stays until `purge`.
    ///
    /// - Returns: false when there is no such tenant or it is deleted already.
    package func delete(_ id: TenantID, at now: Timestamp) throws -> Bool {
        try sql.execute(
            """
            UPDATE tenants SET status_before_deletion = status, status = 'deleted', deleted_at = $2, updated_at = $2,
                version = version + 1
            WHERE id = $1 AND status <> 'deleted'
            """, [.init(id), .init(now)]) == 1
    }

    /// Undoes `delete`: a tenant that was suspended is suspended again.
    ///
    /// - Returns: false when the tenant is not deleted.
    package func restore(_ id: TenantID, at now: Timestamp) throws -> Bool {
        try sql.execute(
            """
            UPDATE tenants SET status = COALESCE(status_before_deletion, 'active'), status_before_deletion = NULL,
                deleted_at = NULL, updated_at = $2, version = version + 1
            WHERE id = $1 AND status = 'deleted'
            """, [.init(id), .init(now)]) == 1
    }

    /// Deleted tenants whose deletion is older than `moment`, oldest first.
    package func deleted(before moment: Timestamp, limit: Int) throws -> [TenantRecord] {
        try sql.query(
            """
            SELECT \(Self.columns) FROM tenants WHERE deleted_at IS NOT NULL AND deleted_at < $1
            ORDER BY deleted_at, id LIMIT $2
            """, [.init(moment), .init(limit)]
        ).map(Self.record)
    }

    /// Removes a tenant with its keys, unsent mail and provisioning. Its subdomain stays reserved.
    package func purge(_ id: TenantID, at now: Timestamp) throws {
        guard let record = try find(id) else { return }
        try remove(id)
        try sql.execute(
            "UPDATE subdomain_reservations SET reserved_until = $2 WHERE tenant_id = $1",
            [.init(id), .init((record.deletedAt ?? now) + Self.reservation)])
    }

    /// Removes a tenant that never came into being; its subdomain is free at once.
    package func discard(_ id: TenantID) throws {
        try remove(id)
        try sql.execute("DELETE FROM subdomain_reservations WHERE tenant_id = $1", [.init(id)])
    }

    private func remove(_ id: TenantID) throws {
        try sql.execute("DELETE FROM mail_outbox WHERE tenant_id = $1", [.init(id)])
        try sql.execute("DELETE FROM provisioning WHERE tenant_id = $1", [.init(id)])
        try sql.execute("DELETE FROM tenants WHERE id = $1", [.init(id)])
    }

    private func selection(_ filter: TenantFilter) -> Selection {
        var selection = Selection(Self.columns, from: "tenants", by: "created_at")
        if let status = filter.status {
            selection.require("status = ?", .text(status.rawValue))
        } else if !filter.includesDeleted {
            selection.require("status <> 'deleted'")
        }
        if let plan = filter.plan { selection.require("plan = ?", .text(plan)) }
        if !filter.includesUnprovisioned { selection.require("is_provisioned = 1") }
        if let search = filter.search, !search.isEmpty {
            let pattern = SQLValue.text(Self.pattern(containing: search))
            selection.require(
                #"""
                (LOWER(name) LIKE ? ESCAPE '\' OR subdomain LIKE ? ESCAPE '\' OR id LIKE ? ESCAPE '\'
                OR LOWER(admin_email) LIKE ? ESCAPE '\')
                """#, pattern, pattern, pattern, pattern)
        }
        return selection
    }

    private static func pattern(containing text: String) -> String {
        var pattern = "%"
        for character in text.lowercased() {
            if character == "%" || character == "_" || character == "\\" { pattern.append("\\") }
            pattern.append(character)
        }
        return pattern + "%"
    }

    private static func text(_ overrides: [QuotaKey: QuotaLimit]) -> String {
        let members = QuotaKey.allCases.compactMap { key in
            overrides[key].map { (key.rawValue, JSON($0.wireValue)) }
        }
        return JSON.object(JSONObject(members)).text
    }

    private static func text(_ overrides: [PermissionKey: Bool]) -> String {
        let members = PermissionKey.allCases.compactMap { key in
            overrides[key].map { (key.rawValue, JSON($0)) }
        }
        return JSON.object(JSONObject(members)).text
    }

    private static func record(_ row: SQLRow) throws -> TenantRecord {
        guard let subdomain = try? Subdomain(try row.text("subdomain")) else {
            throw DatabaseError.unexpectedValue(column: "subdomain")
        }
        var quotas: [QuotaKey: QuotaLimit] = [:]
        for (key, value) in try row.json("quota_overrides").object ?? [:] {
            guard let key = QuotaKey(rawValue: key), let limit = value.integer.flatMap(QuotaLimit.init(wireValue:))
            else { throw DatabaseError.unexpectedValue(column: "quota_overrides") }
            quotas[key] = limit
        }
        var permissions: [PermissionKey: Bool] = [:]
        for (key, value) in try row.json("permission_overrides").object ?? [:] {
            guard let key = PermissionKey(rawValue: key), let value = value.bool else {
                throw DatabaseError.unexpectedValue(column: "permission_overrides")
            }
            permissions[key] = value
        }
        return TenantRecord(
            id: try row.tenant("id"), name: try row.text("name"), subdomain: subdomain, plan: try row.text("plan"),
            status: try row.choice("status"), adminEmail: try row.text("admin_email"),
            adminName: try row.text("admin_name"), quotaOverrides: quotas, permissionOverrides: permissions,
            isProvisioned: try row.bool("is_provisioned"), createdAt: try row.timestamp("created_at"),
            updatedAt: try row.timestamp("updated_at"), deletedAt: try row.optionalTimestamp("deleted_at"),
            version: try row.integer("version"))
    }
}
