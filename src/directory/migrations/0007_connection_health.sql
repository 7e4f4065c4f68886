-- Connection health: what accounts have found out together, the lease of a probe, and the news of a change until the
-- account that made the change has it in its outbox.
ALTER TABLE connection ADD COLUMN health_rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connection ADD COLUMN health_holder TEXT;
ALTER TABLE connection ADD COLUMN health_version INTEGER;
ALTER TABLE connection ADD COLUMN health_probe_at_ms INTEGER;
ALTER TABLE connection ADD COLUMN health_failed_at_ms TEXT NOT NULL DEFAULT '[]';
ALTER TABLE connection ADD COLUMN health_wrong_request TEXT;
ALTER TABLE connection ADD COLUMN health_spread_until_ms INTEGER;
ALTER TABLE connection ADD COLUMN health_accounts INTEGER NOT NULL DEFAULT 0;

CREATE TABLE connection_news (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  rev INTEGER NOT NULL,
  provider TEXT NOT NULL,
  type TEXT NOT NULL,
  health_reason TEXT,
  at_ms INTEGER NOT NULL,
  holder TEXT NOT NULL
);
CREATE UNIQUE INDEX connection_news_once ON connection_news (connection, rev);
CREATE INDEX connection_news_by_holder ON connection_news (holder, rev);
CREATE INDEX connection_news_by_age ON connection_news (at_ms, id);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
