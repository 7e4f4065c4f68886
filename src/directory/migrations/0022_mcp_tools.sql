-- Tools of MCP servers as they were first seen, and as operators have accepted them since; `digest` stands for all that
-- clients are shown of one. `told` is 1 once somebody has been told of a change.
CREATE TABLE mcp_tool (
  connection TEXT NOT NULL, tool TEXT NOT NULL, digest TEXT NOT NULL, status TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL, told INTEGER NOT NULL, mac TEXT NOT NULL,
  PRIMARY KEY (connection, tool, digest)
) WITHOUT ROWID;

ALTER TABLE connection ADD COLUMN pin_tools INTEGER;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
