-- The audit chains of what belongs to no account and no agent, one per organization (empty for none). The primary key
-- is the compare-and-set: two records with one number cannot both be there.

CREATE TABLE organization_audit (
  organization TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  action TEXT NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (organization, seq)
);
CREATE INDEX organization_audit_by_time ON organization_audit (organization, at_ms);

CREATE TABLE organization_audit_head (
  organization TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  mac TEXT NOT NULL
);

UPDATE meta SET value = '5' WHERE key = 'schema_version';
