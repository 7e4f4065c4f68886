-- Accounts that were told that their connection was deleted, in that version of it: those of a later life go on, and are
-- not told again. `created_at_ms` tells the account's own lives apart. Erased with the end of the grave.
CREATE TABLE grave_told (
  account_id TEXT PRIMARY KEY, connection TEXT NOT NULL, version INTEGER NOT NULL, created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX grave_told_of ON grave_told (connection);
-- Graves that wait, in the order of their rowids: their accounts are read a page at a time without sorting them all.
CREATE INDEX connection_grave_waiting ON connection_grave (ended_at_ms) WHERE ended_at_ms IS NULL;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
