-- Who else holds a grant of the same user, asked before one is revoked at its provider.

CREATE INDEX account_by_subject ON account_index (connection, subject);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
