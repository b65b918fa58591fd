CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    lookup_prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    occurred_at BIGINT NOT NULL,
    tenant_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE TABLE background_claims (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    last_begun_at BIGINT
);

CREATE TABLE backup_operations (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    key_hash TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,
    sealed_reply TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE ledger (
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL
);

CREATE TABLE mail_outbox (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    last_error TEXT
, html TEXT, has_link INTEGER NOT NULL DEFAULT 0, dead_at BIGINT, member_id TEXT, link_seconds BIGINT, sending_since BIGINT);

CREATE TABLE one_time_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);

CREATE TABLE platform_switches (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE provisioning (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    idempotency_key_hash TEXT UNIQUE,
    fingerprint TEXT NOT NULL,
    completed_steps BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE quota_events (
    tenant_id TEXT NOT NULL,
    quota TEXT NOT NULL,
    -- Percent of the limit: 80 or 100.
    level BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota, level, window_start)
);

CREATE TABLE sign_in_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);

CREATE TABLE sign_in_requests (
    id TEXT NOT NULL PRIMARY KEY,
    subdomain TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE subdomain_reservations (
    subdomain TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    reserved_until BIGINT
);

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    subdomain TEXT NOT NULL UNIQUE,
    plan TEXT NOT NULL,
    status TEXT NOT NULL,
    admin_email TEXT NOT NULL,
    admin_name TEXT NOT NULL,
    quota_overrides TEXT NOT NULL,
    permission_overrides TEXT NOT NULL,
    is_provisioned INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    -- What a restore goes back to; null unless deleted.
    status_before_deletion TEXT,
    version BIGINT NOT NULL
);

CREATE INDEX api_keys_by_prefix ON api_keys (lookup_prefix);

CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, created_at, id);

CREATE INDEX audit_log_by_action ON audit_log (action, occurred_at, id);

CREATE INDEX audit_log_by_tenant ON audit_log (tenant_id, occurred_at, id);

CREATE INDEX audit_log_by_time ON audit_log (occurred_at, id);

CREATE INDEX backup_operations_by_start ON backup_operations (started_at, id);

CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (created_at);

CREATE INDEX mail_outbox_by_member ON mail_outbox (tenant_id, member_id, created_at) WHERE member_id IS NOT NULL;

CREATE INDEX mail_outbox_by_sending ON mail_outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE INDEX mail_outbox_by_tenant ON mail_outbox (tenant_id);

CREATE INDEX mail_outbox_dead ON mail_outbox (dead_at, id) WHERE dead_at IS NOT NULL;

CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at, id) WHERE sent_at IS NULL AND dead_at IS NULL;

CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_at);

CREATE INDEX one_time_links_by_tenant ON one_time_links (tenant_id);

CREATE INDEX provisioning_by_update ON provisioning (updated_at, tenant_id);

CREATE INDEX quota_events_by_window ON quota_events (window_start);

CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);

CREATE INDEX sign_in_links_by_member ON sign_in_links (tenant_id, member_id);

CREATE INDEX sign_in_requests_by_time ON sign_in_requests (created_at, id);

CREATE INDEX subdomain_reservations_by_tenant ON subdomain_reservations (tenant_id);

CREATE INDEX tenants_by_creation ON tenants (created_at, id);

CREATE INDEX tenants_by_deletion ON tenants (deleted_at, id) WHERE deleted_at IS NOT NULL;

CREATE INDEX tenants_by_plan ON tenants (plan, created_at, id);

CREATE INDEX tenants_by_status ON tenants (status, created_at, id);
