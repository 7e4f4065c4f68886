-- Requests that a person is asked about: for lists, and for finding the account whose object holds the question and its
-- answer. `more` is the rest of what lists show, as JSON; neither the link nor what is sent stands in it.
CREATE TABLE approval_index (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL, connection TEXT NOT NULL, identifier TEXT NOT NULL,
  organization TEXT NOT NULL, agent TEXT NOT NULL, status TEXT NOT NULL, more TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, indexed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX approval_index_by_status ON approval_index (status, created_at_ms, id);
CREATE INDEX approval_index_by_time ON approval_index (created_at_ms, id);
CREATE INDEX approval_index_by_account ON approval_index (account_id);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
