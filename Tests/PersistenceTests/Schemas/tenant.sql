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

CREATE TABLE usage_metrics (
    minute BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    mock_id TEXT NOT NULL,
    route_id TEXT NOT NULL,
    status_class BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    duration_microseconds BIGINT NOT NULL,
    max_duration_microseconds BIGINT NOT NULL,
    request_bytes BIGINT NOT NULL,
    response_bytes BIGINT NOT NULL,
    PRIMARY KEY (minute, workspace_id, mock_id, route_id, status_class)
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

CREATE INDEX idempotency_keys_by_creation ON idempotency_keys (created_at);

CREATE INDEX mocks_by_workspace ON mocks (workspace_id, created_at, id);

CREATE INDEX routes_by_mock ON routes (mock_id, position, id);

CREATE INDEX usage_windows_by_recording ON usage_windows (recorded_at);

CREATE INDEX workspaces_by_creation ON workspaces (created_at, id);

CREATE UNIQUE INDEX workspaces_one_default ON workspaces (is_default) WHERE is_default = 1;
