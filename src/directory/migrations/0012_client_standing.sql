-- Who has refreshed with the present client, whose refusal is being asked about, and which accounts' refusals have closed
-- the connection: those do not probe it.

ALTER TABLE connection ADD COLUMN health_client TEXT;
ALTER TABLE connection ADD COLUMN health_closed_by TEXT NOT NULL DEFAULT '[]';

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
