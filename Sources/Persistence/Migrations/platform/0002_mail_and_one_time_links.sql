ALTER TABLE mail_outbox ADD COLUMN html TEXT;
-- Whether a one-time link is made and put into the text when the mail is sent.
ALTER TABLE mail_outbox ADD COLUMN has_link INTEGER NOT NULL DEFAULT 0;
-- When it was given up; a person has to look.
ALTER TABLE mail_outbox ADD COLUMN dead_at BIGINT;
DROP INDEX mail_outbox_due;
CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at, id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX mail_outbox_dead ON mail_outbox (dead_at, id) WHERE dead_at IS NOT NULL;

-- Several for one tenant where a mail had to be sent again; the first that is used ends them all.
CREATE TABLE one_time_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);
CREATE INDEX one_time_links_by_tenant ON one_time_links (tenant_id);
CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_at);
