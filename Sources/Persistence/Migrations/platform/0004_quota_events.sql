-- That a tenant came near a limit or reached it, once in each window, whichever node saw it.
CREATE TABLE quota_events (
    tenant_id TEXT NOT NULL,
    quota TEXT NOT NULL,
    -- Percent of the limit: 80 or 100.
    level BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota, level, window_start)
);
CREATE INDEX quota_events_by_window ON quota_events (window_start);

-- What the operator has switched, and every node looks at.
CREATE TABLE platform_switches (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
