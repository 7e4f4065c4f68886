-- Where a connect session lives: its account's object is the authority, this finds it. Rows go by age.
CREATE TABLE connect_session (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  link_digest TEXT,
  created_at_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX connect_session_by_link ON connect_session (link_digest) WHERE link_digest IS NOT NULL;
CREATE INDEX connect_session_by_age ON connect_session (created_at_ms);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
