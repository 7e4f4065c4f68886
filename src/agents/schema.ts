/**
 * Numbered, additive steps of the agent object's tables, applied by the first write after waking and never by the
 * constructor: a name that was never created has no table. A step that is released is never edited.
 */

import { AUDIT_HEAD_SCHEMA } from '#audit/schema.ts';
import { OUTBOX_FAILURE_SCHEMA, OUTBOX_MAC_SCHEMA, OUTBOX_SCHEMA } from '#outbox/tables/schema.ts';

/** `audit_seq`: how far the chain had come when the row was written. */
const CHAIN_SCHEMA = `${AUDIT_HEAD_SCHEMA}
  ALTER TABLE agent ADD COLUMN audit_seq INTEGER;
  ALTER TABLE tombstone ADD COLUMN audit_seq INTEGER;`;

export const AGENT_SCHEMA: readonly string[] = [
  `CREATE TABLE agent (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     agent_id TEXT NOT NULL, organization TEXT NOT NULL, name TEXT, status TEXT NOT NULL, policy TEXT NOT NULL,
     key_ids TEXT NOT NULL, incarnation INTEGER NOT NULL, data_key TEXT NOT NULL,
     created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE agent_key (
     id TEXT PRIMARY KEY, digest TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
     last_used_at_ms INTEGER, auth_fail_at_ms INTEGER, mac TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE tombstone (
     id INTEGER PRIMARY KEY CHECK (id = 1), agent_id TEXT NOT NULL, organization TEXT NOT NULL,
     incarnation INTEGER NOT NULL, data_key TEXT NOT NULL, deleted_at_ms INTEGER NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE index_due (
     id INTEGER PRIMARY KEY CHECK (id = 1), due_at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,
     revision INTEGER NOT NULL);
   CREATE TABLE audit_event (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
   CREATE TABLE audit_checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL);`,
  OUTBOX_SCHEMA,
  OUTBOX_MAC_SCHEMA,
  OUTBOX_FAILURE_SCHEMA,
  CHAIN_SCHEMA,
  `ALTER TABLE agent_key ADD COLUMN expires_at_ms INTEGER;`,
  `ALTER TABLE agent ADD COLUMN proofs TEXT;
   ALTER TABLE agent ADD COLUMN proof_fail_at_ms INTEGER;`,
  `ALTER TABLE agent ADD COLUMN ended_tokens TEXT;`,
  `CREATE TABLE used_assertion (digest TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX used_assertion_by_end ON used_assertion (expires_at_ms);
   CREATE TABLE signing_copy (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL);`,
  `CREATE TABLE rate_window (
     id TEXT PRIMARY KEY, times TEXT NOT NULL, noted_at_ms INTEGER NOT NULL, mac TEXT NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE used_proof (digest TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX used_proof_by_end ON used_proof (expires_at_ms);`,
];
