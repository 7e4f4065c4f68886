/**
 * Numbered, additive steps of the tables of a revocation's object. A step that is released is never edited. It tells no
 * event and keeps no chain of its own: who asked for it stands in the chain of the operator's organization, and what
 * became of an account in the account's.
 */

import { AUDIT_HEAD_SCHEMA } from '#audit/schema.ts';
import { TIMER_SCHEMA } from '#objects/schema.ts';
import { OUTBOX_FAILURE_SCHEMA, OUTBOX_MAC_SCHEMA, OUTBOX_SCHEMA } from '#outbox/tables/schema.ts';

export const REVOCATION_SCHEMA: readonly string[] = [
  `CREATE TABLE revocation (
     id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, organization TEXT NOT NULL,
     incarnation INTEGER NOT NULL, data_key TEXT NOT NULL, body TEXT NOT NULL, progress TEXT NOT NULL,
     audit_seq INTEGER, mac TEXT NOT NULL);
   CREATE TABLE receipt (
     account_id TEXT PRIMARY KEY, n INTEGER NOT NULL, status TEXT NOT NULL, at_provider INTEGER NOT NULL,
     noted INTEGER NOT NULL, at_ms INTEGER NOT NULL, tries INTEGER NOT NULL, next_try_at_ms INTEGER,
     mac TEXT NOT NULL) WITHOUT ROWID;
   CREATE UNIQUE INDEX receipt_by_number ON receipt (n);
   CREATE INDEX receipt_by_status ON receipt (status, next_try_at_ms);
   CREATE TABLE tombstone (
     id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, organization TEXT NOT NULL,
     incarnation INTEGER NOT NULL, data_key TEXT NOT NULL, audit_seq INTEGER, mac TEXT NOT NULL);
   CREATE TABLE audit_event (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
   CREATE TABLE audit_checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL);`,
  TIMER_SCHEMA,
  AUDIT_HEAD_SCHEMA,
  OUTBOX_SCHEMA,
  OUTBOX_MAC_SCHEMA,
  OUTBOX_FAILURE_SCHEMA,
];
