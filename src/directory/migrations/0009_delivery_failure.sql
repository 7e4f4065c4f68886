-- Why the last attempt of a delivery was not answered.

ALTER TABLE delivery_index ADD COLUMN last_failure TEXT;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
