-- A deleted connection whose accounts have all been told: cut-offs and the sweep look at it no more. NULL: not yet.
ALTER TABLE connection_grave ADD COLUMN ended_at_ms INTEGER;
CREATE INDEX connection_grave_open ON connection_grave (id) WHERE ended_at_ms IS NULL;

-- How many accounts a connection has, roughly, and when they were counted: overdue alarms all need the number.
ALTER TABLE connection ADD COLUMN accounts_counted INTEGER;
ALTER TABLE connection ADD COLUMN accounts_counted_at_ms INTEGER;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
