CREATE TABLE assets (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    object_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE exports (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    size BIGINT NOT NULL,
    object_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
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

CREATE TABLE members (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    version BIGINT NOT NULL
);

CREATE TABLE mocks (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    base_path TEXT NOT NULL,
    source TEXT NOT NULL,
    is_enabled INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE routes (
    id TEXT NOT NULL PRIMARY KEY,
    mock_id TEXT NOT NULL REFERENCES mocks (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    definition TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE storage_claims (
    id TEXT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL
);

CREATE TABLE "usage_metrics" (
    grain BIGINT NOT NULL,
    start_at BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    mock_id TEXT NOT NULL,
    route_id TEXT NOT NULL,
    status_class BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    duration_microseconds BIGINT NOT NULL,
    max_duration_microseconds BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    d00 BIGINT NOT NULL DEFAULT 0, d01 BIGINT NOT NULL DEFAULT 0, d02 BIGINT NOT NULL DEFAULT 0, d03 BIGINT NOT NULL DEFAULT 0,
    d04 BIGINT NOT NULL DEFAULT 0, d05 BIGINT NOT NULL DEFAULT 0, d06 BIGINT NOT NULL DEFAULT 0, d07 BIGINT NOT NULL DEFAULT 0,
    d08 BIGINT NOT NULL DEFAULT 0, d09 BIGINT NOT NULL DEFAULT 0, d10 BIGINT NOT NULL DEFAULT 0, d11 BIGINT NOT NULL DEFAULT 0,
    d12 BIGINT NOT NULL DEFAULT 0, d13 BIGINT NOT NULL DEFAULT 0, d14 BIGINT NOT NULL DEFAULT 0, d15 BIGINT NOT NULL DEFAULT 0,
    d16 BIGINT NOT NULL DEFAULT 0, d17 BIGINT NOT NULL DEFAULT 0, d18 BIGINT NOT NULL DEFAULT 0, d19 BIGINT NOT NULL DEFAULT 0,
    d20 BIGINT NOT NULL DEFAULT 0, d21 BIGINT NOT NULL DEFAULT 0, d22 BIGINT NOT NULL DEFAULT 0, d23 BIGINT NOT NULL DEFAULT 0,
    d24 BIGINT NOT NULL DEFAULT 0, d25 BIGINT NOT NULL DEFAULT 0, d26 BIGINT NOT NULL DEFAULT 0, d27 BIGINT NOT NULL DEFAULT 0,
    d28 BIGINT NOT NULL DEFAULT 0, d29 BIGINT NOT NULL DEFAULT 0, d30 BIGINT NOT NULL DEFAULT 0, d31 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (grain, start_at, workspace_id, mock_id, route_id, status_class)
);

CREATE TABLE usage_summaries (
    grain BIGINT NOT NULL,
    start_at BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    status_class BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    duration_microseconds BIGINT NOT NULL,
    max_duration_microseconds BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    d00 BIGINT NOT NULL DEFAULT 0, d01 BIGINT NOT NULL DEFAULT 0, d02 BIGINT NOT NULL DEFAULT 0, d03 BIGINT NOT NULL DEFAULT 0,
    d04 BIGINT NOT NULL DEFAULT 0, d05 BIGINT NOT NULL DEFAULT 0, d06 BIGINT NOT NULL DEFAULT 0, d07 BIGINT NOT NULL DEFAULT 0,
    d08 BIGINT NOT NULL DEFAULT 0, d09 BIGINT NOT NULL DEFAULT 0, d10 BIGINT NOT NULL DEFAULT 0, d11 BIGINT NOT NULL DEFAULT 0,
    d12 BIGINT NOT NULL DEFAULT 0, d13 BIGINT NOT NULL DEFAULT 0, d14 BIGINT NOT NULL DEFAULT 0, d15 BIGINT NOT NULL DEFAULT 0,
    d16 BIGINT NOT NULL DEFAULT 0, d17 BIGINT NOT NULL DEFAULT 0, d18 BIGINT NOT NULL DEFAULT 0, d19 BIGINT NOT NULL DEFAULT 0,
    d20 BIGINT NOT NULL DEFAULT 0, d21 BIGINT NOT NULL DEFAULT 0, d22 BIGINT NOT NULL DEFAULT 0, d23 BIGINT NOT NULL DEFAULT 0,
    d24 BIGINT NOT NULL DEFAULT 0, d25 BIGINT NOT NULL DEFAULT 0, d26 BIGINT NOT NULL DEFAULT 0, d27 BIGINT NOT NULL DEFAULT 0,
    d28 BIGINT NOT NULL DEFAULT 0, d29 BIGINT NOT NULL DEFAULT 0, d30 BIGINT NOT NULL DEFAULT 0, d31 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (grain, start_at, workspace_id, status_class)
);

CREATE TABLE usage_windows (
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (node, sequence)
);

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    content_version BIGINT NOT NULL
);

CREATE UNIQUE INDEX assets_by_name ON assets (workspace_id, name);

CREATE INDEX assets_by_workspace ON assets (workspace_id, created_at, id);

CREATE INDEX exports_by_creation ON exports (created_at);

CREATE INDEX exports_by_workspace ON exports (workspace_id, created_at, id);

CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (created_at);

CREATE INDEX members_by_creation ON members (created_at, id);

CREATE INDEX members_by_role ON members (role);

CREATE INDEX mocks_by_workspace ON mocks (workspace_id, created_at, id);

CREATE INDEX routes_by_mock ON routes (mock_id, position, id);

CREATE INDEX usage_windows_by_recording ON usage_windows (recorded_at);

CREATE INDEX workspaces_by_creation ON workspaces (created_at, id);

CREATE UNIQUE INDEX workspaces_one_default ON workspaces (is_default) WHERE is_default = 1;
