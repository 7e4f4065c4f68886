-- How long the access tokens of a connection live, where an operator knows it better than the provider's facts.

ALTER TABLE connection ADD COLUMN access_token_ttl_s INTEGER;

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
