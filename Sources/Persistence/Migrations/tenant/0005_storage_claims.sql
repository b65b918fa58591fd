-- Bytes that requests are about to store. The row without an id sums what has been stored ever, so that a request sees what
-- others have added since it measured.
CREATE TABLE storage_claims (
    id TEXT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL
);
