-- When the attempt began that has not been noted yet. A mail that is given up with it may have arrived.
ALTER TABLE mail_outbox ADD COLUMN sending_since BIGINT;

-- Backups, checks and restores that were asked for through the API. The document tells how far each has come.
CREATE TABLE backup_operations (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX backup_operations_by_start ON backup_operations (started_at, id);
