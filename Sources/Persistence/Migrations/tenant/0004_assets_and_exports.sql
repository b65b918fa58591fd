-- Files that routes answer with. The bytes are in the object store, under object_key.
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
CREATE UNIQUE INDEX assets_by_name ON assets (workspace_id, name);
CREATE INDEX assets_by_workspace ON assets (workspace_id, created_at, id);

-- Exports that are kept for a while. The bytes are in the object store, under object_key.
CREATE TABLE exports (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    size BIGINT NOT NULL,
    object_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX exports_by_workspace ON exports (workspace_id, created_at, id);
CREATE INDEX exports_by_creation ON exports (created_at);
