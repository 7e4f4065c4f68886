-- Tools that operators have added. `definition` is the tool as JSON; what a row says is under a MAC, so that a writer to
-- the directory alone makes no tool.
CREATE TABLE custom_tool (
  name TEXT PRIMARY KEY, definition TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, mac TEXT NOT NULL
) WITHOUT ROWID;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
