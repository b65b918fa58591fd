-- Work that one node does for all: who has it, until when unless renewed, and when that which was completed last was begun.
CREATE TABLE background_claims (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    last_begun_at BIGINT
);
