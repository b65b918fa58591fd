-- The people who may sign in. An email is stored in lower case, so that no two spellings are two members.
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
CREATE INDEX members_by_creation ON members (created_at, id);
CREATE INDEX members_by_role ON members (role);
