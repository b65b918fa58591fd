/// Every table of both schemas, parents before those that refer to them. A test compares the list with the migrations, so
/// that nobody adds a table or a column that backups forget.
extension ArchivedTable {
    /// Of the platform's schema.
    package static let platform: [ArchivedTable] = [
        ArchivedTable(
            "tenants", key: ["id"], owner: "id",
            columns: """
                id name subdomain plan status admin_email admin_name quota_overrides permission_overrides \
                is_provisioned created_at updated_at deleted_at status_before_deletion version
                """),
        ArchivedTable(
            "subdomain_reservations", key: ["subdomain"], owner: "tenant_id", for: [.restore, .move],
            columns: "subdomain tenant_id reserved_until"),
        // A copy gets a key of its own: whoever holds the old tenant's keys must not hold the new one's.
        ArchivedTable(
            "api_keys", key: ["id"], owner: "tenant_id", for: [.restore, .move],
            columns: "id tenant_id name scope lookup_prefix hash created_at expires_at revoked_at last_used_at"),
        // What was unsent when the backup was made has been sent since; a restore would send it again.
        ArchivedTable(
            "mail_outbox", key: ["id"], owner: "tenant_id", for: [.move],
            columns: """
                id tenant_id recipient subject body created_at sent_at attempts next_attempt_at last_error \
                html has_link dead_at member_id link_seconds sending_since
                """),
        // One that has been used since would open the account again.
        ArchivedTable(
            "one_time_links", key: ["token_hash"], owner: "tenant_id", for: [.move],
            columns: "token_hash tenant_id created_at expires_at redeemed_at"),
        ArchivedTable(
            "sign_in_links", key: ["token_hash"], owner: "tenant_id", for: [.move],
            columns: "token_hash tenant_id member_id created_at expires_at redeemed_at"),
        ArchivedTable(
            "audit_log", key: ["id"], owner: "tenant_id", for: [.restore, .move],
            columns: "id occurred_at tenant_id actor action target request_id detail"),
        ArchivedTable(
            "idempotency_keys", key: ["key_hash"], for: [.move],
            columns: "key_hash fingerprint status sealed_reply created_at"),
        // So that nobody is told again of what was said before the move.
        ArchivedTable(
            "quota_events", key: ["tenant_id", "quota", "level", "window_start"], owner: "tenant_id", for: [.move],
            columns: "tenant_id quota level window_start noted_at"),
        ArchivedTable("platform_switches", key: ["name"], for: [.move], columns: "name value changed_at"),
    ]

    /// Of each tenant's schema.
    package static let tenant: [ArchivedTable] = [
        // A copy has its own first owner: whoever may sign in to the old tenant must not sign in to the new one.
        ArchivedTable(
            "members", key: ["id"], for: [.restore, .move],
            columns: "id email name role status created_at updated_at last_sign_in_at version"),
        ArchivedTable(
            "workspaces", key: ["id"],
            columns: """
                id slug name description is_default settings created_at updated_at version content_version
                """),
        ArchivedTable(
            "mocks", key: ["id"],
            columns: "id workspace_id name base_path source is_enabled created_at updated_at version"),
        ArchivedTable(
            "routes", key: ["id"],
            columns: "id mock_id position definition origin created_at updated_at version"),
        ArchivedTable(
            "assets", key: ["id"],
            columns: "id workspace_id name content_type size sha256 object_key created_at"),
        ArchivedTable("exports", key: ["id"], columns: "id workspace_id size object_key created_at"),
        ArchivedTable(
            "idempotency_keys", key: ["key_hash"], for: [.restore, .move],
            columns: "key_hash fingerprint status sealed_reply created_at"),
        // A copy has used nothing yet; billing it for another tenant's requests would count them twice.
        ArchivedTable(
            "usage_metrics", key: ["grain", "start_at", "workspace_id", "mock_id", "route_id", "status_class"],
            for: [.restore, .move],
            columns: "grain start_at workspace_id mock_id route_id status_class \(measures)"),
        ArchivedTable(
            "usage_summaries", key: ["grain", "start_at", "workspace_id", "status_class"], for: [.restore, .move],
            columns: "grain start_at workspace_id status_class \(measures)"),
        ArchivedTable(
            "usage_windows", key: ["node", "sequence"], for: [.restore, .move],
            columns: "node sequence recorded_at"),
    ]

    /// What is counted in a row of usage: d00 to d31 are the buckets of the duration histogram.
    private static let measures =
        "requests duration_microseconds max_duration_microseconds request_bytes response_bytes "
        + (0..<32).map { ($0 < 10 ? "d0" : "d") + String($0) }.joined(separator: " ")

    /// Tables that no archive holds, and why.
    package static let leftOut: [String: String] = [
        "ledger": "the migrations write it; the archive records the version itself",
        "backup_operations": "which backups were asked for is true of the nodes, not of the data",
        "background_claims": "which node does what is true of the nodes, not of the data",
        "sign_in_requests": "whoever asked for a link a moment ago asks again",
        "storage_claims": "what requests are about to store ends with the requests",
        "provisioning": "work in progress belongs to the database in which it goes on",
    ]
}
