-- A mail with a link that signs a member in: whose, and for how long after the sending.
ALTER TABLE mail_outbox ADD COLUMN member_id TEXT;
ALTER TABLE mail_outbox ADD COLUMN link_seconds BIGINT;
CREATE INDEX mail_outbox_by_member ON mail_outbox (tenant_id, member_id, created_at) WHERE member_id IS NOT NULL;

-- A table of its own, so that no version of the program takes such a link for the welcome link, which gives a key.
CREATE TABLE sign_in_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);
CREATE INDEX sign_in_links_by_member ON sign_in_links (tenant_id, member_id);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);

-- What somebody asked for who says to be a member. It is looked at later, so that the answer cannot tell whether it is so.
CREATE TABLE sign_in_requests (
    id TEXT NOT NULL PRIMARY KEY,
    subdomain TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sign_in_requests_by_time ON sign_in_requests (created_at, id);
