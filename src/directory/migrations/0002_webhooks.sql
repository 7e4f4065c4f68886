-- Webhooks: endpoints, every event in the order of its arrival, an index of deliveries, and when an account was heard
-- of last. Columns and tables are only added: code of the first schema goes on with this one.

CREATE TABLE webhook_endpoint (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  description TEXT,
  secrets TEXT NOT NULL,
  secrets_until_ms INTEGER,
  version INTEGER NOT NULL,
  mac TEXT NOT NULL,
  status TEXT NOT NULL,
  status_reason TEXT,
  failing_since_ms INTEGER,
  next_probe_at_ms INTEGER,
  drain_from_ms INTEGER,
  drain_until_ms INTEGER,
  waiting INTEGER NOT NULL,
  last_ok INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
);
CREATE INDEX webhook_endpoint_by_age ON webhook_endpoint (created_at_ms, id);
CREATE INDEX webhook_endpoint_by_organization ON webhook_endpoint (organization, created_at_ms, id);

CREATE TABLE event (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  organization TEXT NOT NULL,
  connected_account_id TEXT,
  body TEXT NOT NULL,
  suppressed INTEGER NOT NULL
);
CREATE INDEX event_by_account ON event (connected_account_id, n);
CREATE INDEX event_by_type ON event (type, n);
CREATE INDEX event_by_organization ON event (organization, n);

CREATE TABLE delivery_index (
  id TEXT PRIMARY KEY,
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  organization TEXT NOT NULL,
  connected_account_id TEXT,
  source TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_status INTEGER,
  next_attempt_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL,
  delivered_at_ms INTEGER,
  updated_at_ms INTEGER NOT NULL
);
CREATE INDEX delivery_by_age ON delivery_index (created_at_ms, id);
CREATE INDEX delivery_by_endpoint ON delivery_index (endpoint, created_at_ms, id);
CREATE INDEX delivery_by_account ON delivery_index (connected_account_id, created_at_ms, id);
CREATE INDEX delivery_by_organization ON delivery_index (organization, created_at_ms, id);
CREATE INDEX delivery_waiting ON delivery_index (endpoint, created_at_ms) WHERE status = 'waiting';

ALTER TABLE account_index ADD COLUMN beat_at_ms INTEGER;
ALTER TABLE account_index ADD COLUMN beats INTEGER NOT NULL DEFAULT 0;
CREATE INDEX account_by_beat ON account_index (beat_at_ms, id) WHERE beats = 1;

UPDATE meta SET value = '2' WHERE key = 'schema_version';
