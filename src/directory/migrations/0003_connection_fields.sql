-- Fields of a connection that came later. NULL is the default of each: such a row has the MAC that it had before, and
-- older code, which knows nothing of a field, refuses a row that sets one instead of ignoring what it says.
ALTER TABLE connection ADD COLUMN verification TEXT;
ALTER TABLE connection ADD COLUMN return_urls TEXT;
ALTER TABLE connection ADD COLUMN token_access TEXT;
ALTER TABLE connection ADD COLUMN max_refreshes_per_second REAL;
ALTER TABLE connection ADD COLUMN location TEXT;
CREATE INDEX connection_proxy_only ON connection (id, version) WHERE token_access = 'proxy_only';

-- A connection that is gone: its version goes on where it ended when the id is used again, and accounts that were made
-- before are dead.
CREATE TABLE connection_grave (id TEXT PRIMARY KEY, version INTEGER NOT NULL, deleted_at_ms INTEGER NOT NULL);

-- What lists show of an account or an agent beyond the columns: its resource, as JSON, when the row was written.
ALTER TABLE account_index ADD COLUMN resource TEXT;
ALTER TABLE agent_index ADD COLUMN resource TEXT;
CREATE INDEX account_by_identifier ON account_index (identifier, created_at_ms, id);

UPDATE meta SET value = '3' WHERE key = 'schema_version';
