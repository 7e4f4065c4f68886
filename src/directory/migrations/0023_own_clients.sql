-- An organization's own OAuth clients at one connection: the current one, and those that grants were made with before.
-- The health of each is its own, in columns as `connection` has them.
CREATE TABLE own_client (
  connection TEXT NOT NULL, organization TEXT NOT NULL, client_id TEXT NOT NULL,
  state TEXT NOT NULL, own_version INTEGER NOT NULL, client_secrets TEXT NOT NULL, mac TEXT NOT NULL,
  health TEXT NOT NULL DEFAULT 'ok', health_reason TEXT, health_since_ms INTEGER NOT NULL,
  health_rev INTEGER NOT NULL DEFAULT 0, health_holder TEXT, health_version INTEGER, health_probe_at_ms INTEGER,
  health_failed_at_ms TEXT NOT NULL DEFAULT '[]', health_wrong_request TEXT, health_spread_until_ms INTEGER,
  health_accounts INTEGER NOT NULL DEFAULT 0, health_client TEXT, health_closed_by TEXT NOT NULL DEFAULT '[]',
  created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (connection, organization, client_id)
) WITHOUT ROWID;
CREATE INDEX own_client_by_client ON own_client (client_id, connection);

-- Whose session it is: its settings are read for that organization.
ALTER TABLE connect_session ADD COLUMN organization TEXT;

-- As `connection_news`, of one organization's own client.
CREATE TABLE own_client_news (
  id TEXT PRIMARY KEY, connection TEXT NOT NULL, organization TEXT NOT NULL, client_id TEXT NOT NULL,
  rev INTEGER NOT NULL, provider TEXT NOT NULL, type TEXT NOT NULL, health_reason TEXT, at_ms INTEGER NOT NULL,
  holder TEXT NOT NULL
);
CREATE UNIQUE INDEX own_client_news_once ON own_client_news (connection, organization, client_id, rev);
CREATE INDEX own_client_news_by_holder ON own_client_news (holder, rev);
CREATE INDEX own_client_news_by_age ON own_client_news (at_ms, id);

-- When an MCP server's metadata was read, or looked at in vain; 0: it is to be read at the next occasion.
ALTER TABLE connection ADD COLUMN metadata_at_ms INTEGER;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
