-- Which master key wraps the data key of an account or an agent: its object says so when it writes its row. Null: not
-- heard of since the column is there.

ALTER TABLE account_index ADD COLUMN kid TEXT;
ALTER TABLE agent_index ADD COLUMN kid TEXT;
CREATE INDEX account_by_kid ON account_index (kid);
CREATE INDEX agent_by_kid ON agent_index (kid);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
