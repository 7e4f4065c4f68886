-- Fields of a connection that came later. NULL is the default of each: such a row has the MAC that it had before, and
-- older code, which knows nothing of a field, refuses a row that sets one instead of ignoring what it says.
ALTER TABLE connection ADD COLUMN verification TEXT;
ALTER TABLE connection ADD COLUMN return_urls TEXT;
ALTER TABLE connection ADD COLUMN token_access TEXT;
ALTER TABLE connection ADD COLUMN max_refreshes_per_second REAL;
ALTER TABLE connection ADD COLUMN location TEXT;
CREATE INDEX connection_proxy_only ON connection (id, version) WHERE token_access = 'proxy_only';

UPDATE meta SET value = '3' WHERE key = 'schema_version';
