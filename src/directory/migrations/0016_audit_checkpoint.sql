-- Where the walk of an organization's chain begins once its oldest records were dropped: the last dropped one, under a MAC.
CREATE TABLE organization_audit_checkpoint (
  organization TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL
) WITHOUT ROWID;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
