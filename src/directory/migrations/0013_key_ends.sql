-- Until when a key of an operator proves anybody; null: it has no end.

ALTER TABLE admin_key ADD COLUMN expires_at_ms INTEGER;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
