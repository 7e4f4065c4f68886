-- Keys of operators, and what their creating requests answered: a repeated one is answered again and not done again.

CREATE TABLE admin_key (
  id TEXT PRIMARY KEY,
  name TEXT,
  role TEXT NOT NULL,
  organization TEXT,
  digest TEXT NOT NULL,
  mac TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER,
  auth_fail_at_ms INTEGER
);
CREATE INDEX admin_key_by_age ON admin_key (created_at_ms, id);
CREATE INDEX admin_key_by_organization ON admin_key (organization, created_at_ms, id);

CREATE TABLE idempotency (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  payload TEXT NOT NULL,
  status INTEGER,
  answer TEXT,
  started_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
);
CREATE INDEX idempotency_by_end ON idempotency (expires_at_ms);

UPDATE meta SET value = '4' WHERE key = 'schema_version';
