-- Usage rolled up. The grain says how wide a row is: 0 a minute that no wider row holds yet, 1 a minute, 2 an hour, 3 a day;
-- what is in a row of grain 1 is in those of 2 and 3 as well. An empty workspace means that the request was refused before
-- its workspace was known, an empty mock or route that none matched. d00 to d31 count the requests by duration.
CREATE TABLE usage_rows (
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
INSERT INTO usage_rows (grain, start_at, workspace_id, mock_id, route_id, status_class, requests, duration_microseconds,
    max_duration_microseconds, request_bytes, response_bytes)
SELECT 0, minute, workspace_id, mock_id, route_id, status_class, requests, duration_microseconds,
    max_duration_microseconds, request_bytes, response_bytes
FROM usage_metrics;
DROP TABLE usage_metrics;
ALTER TABLE usage_rows RENAME TO usage_metrics;

-- The hours and days of usage_metrics without mocks and routes, so that a report over a year reads few rows.
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
