-- The kill switch: a grant that was obtained at or before `at_ms` and that the selector matches is dead. One of `agent`,
-- `connection`, `identifier` and `subject` (of a connection), or none of them: then everything of `organization`, and where
-- that is NULL everything. `selector` is the same as one text. `owner`: the organization of the operator who may read of
-- it; NULL: of none. Rows stay; one that is folded stands in no list of cut-offs any more.
CREATE TABLE cut_off (
  id TEXT PRIMARY KEY, selector TEXT NOT NULL, agent TEXT, connection TEXT, organization TEXT, identifier TEXT,
  subject TEXT, owner TEXT, at_provider INTEGER NOT NULL, at_ms INTEGER NOT NULL, matched INTEGER NOT NULL,
  kid TEXT, completed_at_ms INTEGER, folded_at_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX cut_off_open ON cut_off (at_ms) WHERE folded_at_ms IS NULL;
CREATE INDEX cut_off_folded ON cut_off (at_ms) WHERE folded_at_ms IS NOT NULL;
CREATE INDEX cut_off_by_kid ON cut_off (kid);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
