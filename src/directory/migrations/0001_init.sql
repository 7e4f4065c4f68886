-- The directory's first schema. Every statement ends with ";" at the end of a line: migrate.ts cuts there.
-- A released migration is never edited; columns and tables are added by later files.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE key_check (kid TEXT PRIMARY KEY, check_value TEXT NOT NULL, created_at_ms INTEGER NOT NULL);

CREATE TABLE data_key (purpose TEXT PRIMARY KEY, wrapped TEXT NOT NULL);

CREATE TABLE connection (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  provider TEXT NOT NULL,
  auth_type TEXT NOT NULL,
  client_id TEXT,
  client_secrets TEXT NOT NULL,
  scopes TEXT NOT NULL,
  variables TEXT NOT NULL,
  provider_config TEXT,
  descriptor TEXT NOT NULL,
  rotation TEXT NOT NULL,
  mac TEXT NOT NULL,
  token_url TEXT,
  warnings TEXT NOT NULL,
  health TEXT NOT NULL,
  health_reason TEXT,
  health_since_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
);
CREATE INDEX connection_by_age ON connection (created_at_ms, id);
CREATE INDEX connection_by_client ON connection (token_url, client_id);

CREATE TABLE account_index (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  provider TEXT NOT NULL,
  identifier TEXT NOT NULL,
  organization TEXT NOT NULL,
  status TEXT NOT NULL,
  status_reason TEXT,
  status_since_ms INTEGER NOT NULL,
  subject TEXT,
  subject_label TEXT,
  credential_type TEXT NOT NULL,
  scopes TEXT NOT NULL,
  expires_at_ms INTEGER,
  metadata TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  indexed_at_ms INTEGER NOT NULL
);
CREATE INDEX account_by_connection ON account_index (connection, created_at_ms, id);
CREATE INDEX account_by_organization ON account_index (organization, created_at_ms, id);
CREATE INDEX account_by_status ON account_index (status, created_at_ms, id);
CREATE INDEX account_by_age ON account_index (created_at_ms, id);

CREATE TABLE agent_index (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  name TEXT,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  indexed_at_ms INTEGER NOT NULL
);
CREATE INDEX agent_by_organization ON agent_index (organization, created_at_ms, id);
CREATE INDEX agent_by_age ON agent_index (created_at_ms, id);

INSERT INTO meta (key, value) VALUES ('schema_version', '1');
