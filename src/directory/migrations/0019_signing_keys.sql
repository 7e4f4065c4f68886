-- The keys that sign the broker's own access tokens: the public half as it is published, the private half encrypted under
-- the data key "signing". Numbered in the order in which they sign; a key ends by the one after it.
CREATE TABLE signing_key (
  number INTEGER PRIMARY KEY,
  kid TEXT NOT NULL,
  public_key TEXT NOT NULL,
  private_key TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  active_at_ms INTEGER NOT NULL,
  mac TEXT NOT NULL
);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
