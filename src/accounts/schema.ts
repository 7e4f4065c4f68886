/**
 * The account object's tables: the numbered, additive steps of accounts that were made with all tables, and the groups
 * in which a new account makes them, each with the first write that needs it. Never by the constructor: a name that was
 * never created has no table. A step that is released is never edited; a group changes by `later` steps alone.
 */

import { AUDIT_HEAD_SCHEMA, AUDIT_HEAD_TABLE, AUDIT_PAGE_TABLE } from '#audit/schema.ts';
import type { TableSchema } from '#lib/table-schema.ts';
import { TIMER_SCHEMA } from '#objects/schema.ts';
import {
  DELIVERY_TABLES,
  EVENT_TABLES,
  OUTBOX_FAILURE_SCHEMA,
  OUTBOX_MAC_SCHEMA,
  OUTBOX_SCHEMA,
} from '#outbox/tables/schema.ts';

const CONNECT_SCHEMA = `
  CREATE TABLE connect_session (id TEXT PRIMARY KEY, body TEXT NOT NULL, mac TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE candidate (id TEXT PRIMARY KEY, body TEXT NOT NULL, mac TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE connect_seal (id INTEGER PRIMARY KEY CHECK (id = 1), mac TEXT NOT NULL);`;

const ATTEMPT_TABLE = `
  CREATE TABLE refresh_attempt (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, grant_id INTEGER NOT NULL, generation_from INTEGER NOT NULL,
    generation_to INTEGER NOT NULL, trigger_kind TEXT NOT NULL, started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER,
    outcome TEXT, reason TEXT, provider_error TEXT, token_age_ms INTEGER);`;

const REVOCATION_SCHEMA = `
  CREATE TABLE revocation (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, tries INTEGER NOT NULL, next_try_at_ms INTEGER NOT NULL,
    mac TEXT NOT NULL) WITHOUT ROWID;`;

const APPROVAL_SCHEMA = `
  CREATE TABLE approval (id TEXT PRIMARY KEY, body TEXT NOT NULL, mac TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE approval_seal (id INTEGER PRIMARY KEY CHECK (id = 1), mac TEXT NOT NULL);`;

/** `audit_seq`: how far the chain had come when the row was written. */
const CHAIN_SCHEMA = `${AUDIT_HEAD_SCHEMA}
  ALTER TABLE account ADD COLUMN audit_seq INTEGER;
  ALTER TABLE tombstone ADD COLUMN audit_seq INTEGER;`;

/** How long tokens live by an operator's word and by the API's; which agents hold a token that nothing renews. */
const LIFETIME_SCHEMA = `
  ALTER TABLE account ADD COLUMN access_token_ttl_s INTEGER;
  ALTER TABLE account ADD COLUMN learnt_lifetime TEXT;
  ALTER TABLE grant_row ADD COLUMN holders TEXT;`;

/** Of accounts with all tables. */
export const ACCOUNT_SCHEMA: readonly string[] = [
  `CREATE TABLE account (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     account_id TEXT NOT NULL, organization TEXT NOT NULL, connection TEXT NOT NULL, identifier TEXT NOT NULL,
     provider TEXT NOT NULL, incarnation INTEGER NOT NULL,
     status TEXT NOT NULL, status_before TEXT, status_reason TEXT, status_since_ms INTEGER NOT NULL,
     status_provider_error TEXT, status_evidence TEXT NOT NULL,
     subject TEXT, subject_label TEXT, metadata TEXT NOT NULL, sealed INTEGER NOT NULL, credential_type TEXT NOT NULL,
     data_key TEXT NOT NULL, generation_counter INTEGER NOT NULL, rotation TEXT,
     last_used_at_ms INTEGER, last_refreshed_at_ms INTEGER, degraded_since_ms INTEGER, degraded_cause TEXT,
     created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE connection_copy (id INTEGER PRIMARY KEY CHECK (id = 1), settings TEXT NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE tombstone (
     id INTEGER PRIMARY KEY CHECK (id = 1), account_id TEXT NOT NULL, organization TEXT NOT NULL,
     incarnation INTEGER NOT NULL, data_key TEXT NOT NULL, generation_counter INTEGER NOT NULL,
     deleted_at_ms INTEGER NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE grant_row (
     id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, access_token TEXT, refresh_token TEXT, static_fields TEXT,
     token_type TEXT NOT NULL, scopes TEXT, granted_at_ms INTEGER NOT NULL, access_expires_at_ms INTEGER,
     token_at_ms INTEGER, lifetime_ms INTEGER, cycle INTEGER NOT NULL, refresh_expires_at_ms INTEGER,
     refresh_idle_expires_at_ms INTEGER, next_attempt_at_ms INTEGER, last_attempt_started_at_ms INTEGER,
     doubt_since_ms INTEGER, failures INTEGER NOT NULL, last_failure TEXT, last_failure_code TEXT, unknown TEXT,
     reject_hold_until_ms INTEGER, captured TEXT, mac TEXT NOT NULL);
   CREATE TABLE narrowed_token (
     grant_id INTEGER NOT NULL, scope_key TEXT NOT NULL, generation INTEGER NOT NULL, access_token TEXT,
     token_type TEXT NOT NULL, access_expires_at_ms INTEGER, token_at_ms INTEGER, lifetime_ms INTEGER,
     refused_until_ms INTEGER, mac TEXT NOT NULL, PRIMARY KEY (grant_id, scope_key)) WITHOUT ROWID;
   CREATE TABLE refresh_attempt (
     n INTEGER PRIMARY KEY, id TEXT NOT NULL, grant_id INTEGER NOT NULL, generation_from INTEGER NOT NULL,
     generation_to INTEGER NOT NULL, trigger_kind TEXT NOT NULL, started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER,
     outcome TEXT, reason TEXT, provider_error TEXT, token_age_ms INTEGER);
   CREATE TABLE timer (
     kind TEXT PRIMARY KEY, due_at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, payload TEXT) WITHOUT ROWID;
   CREATE TABLE audit_event (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
   CREATE TABLE audit_checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL);`,
  'ALTER TABLE account ADD COLUMN cause_before TEXT',
  'CREATE TABLE row_seal (id INTEGER PRIMARY KEY CHECK (id = 1), mac TEXT NOT NULL)',
  'ALTER TABLE account ADD COLUMN reauth_told INTEGER',
  OUTBOX_SCHEMA,
  OUTBOX_MAC_SCHEMA,
  CONNECT_SCHEMA,
  REVOCATION_SCHEMA,
  OUTBOX_FAILURE_SCHEMA,
  'ALTER TABLE account ADD COLUMN variables TEXT',
  CHAIN_SCHEMA,
  LIFETIME_SCHEMA,
  'ALTER TABLE account ADD COLUMN imported TEXT',
  // Which userinfo endpoint has accepted the grant.
  'ALTER TABLE grant_row ADD COLUMN accepted_at TEXT',
];

/** The tables of a new account, as after those steps. What no account has at its beginning comes with its first use. */
const GROUPS = {
  base: `
   CREATE TABLE account (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     account_id TEXT NOT NULL, organization TEXT NOT NULL, connection TEXT NOT NULL, identifier TEXT NOT NULL,
     provider TEXT NOT NULL, incarnation INTEGER NOT NULL,
     status TEXT NOT NULL, status_before TEXT, status_reason TEXT, status_since_ms INTEGER NOT NULL,
     status_provider_error TEXT, status_evidence TEXT NOT NULL, cause_before TEXT, reauth_told INTEGER,
     subject TEXT, subject_label TEXT, metadata TEXT NOT NULL, sealed INTEGER NOT NULL, credential_type TEXT NOT NULL,
     data_key TEXT NOT NULL, generation_counter INTEGER NOT NULL, rotation TEXT, variables TEXT, imported TEXT,
     access_token_ttl_s INTEGER, learnt_lifetime TEXT,
     last_used_at_ms INTEGER, last_refreshed_at_ms INTEGER, degraded_since_ms INTEGER, degraded_cause TEXT,
     created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, audit_seq INTEGER, mac TEXT NOT NULL);
   CREATE TABLE connection_copy (id INTEGER PRIMARY KEY CHECK (id = 1), settings TEXT NOT NULL, mac TEXT NOT NULL);
   CREATE TABLE row_seal (id INTEGER PRIMARY KEY CHECK (id = 1), mac TEXT NOT NULL);
   CREATE TABLE grant_row (
     id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, access_token TEXT, refresh_token TEXT, static_fields TEXT,
     token_type TEXT NOT NULL, scopes TEXT, granted_at_ms INTEGER NOT NULL, access_expires_at_ms INTEGER,
     token_at_ms INTEGER, lifetime_ms INTEGER, cycle INTEGER NOT NULL, refresh_expires_at_ms INTEGER,
     refresh_idle_expires_at_ms INTEGER, next_attempt_at_ms INTEGER, last_attempt_started_at_ms INTEGER,
     doubt_since_ms INTEGER, failures INTEGER NOT NULL, last_failure TEXT, last_failure_code TEXT, unknown TEXT,
     reject_hold_until_ms INTEGER, captured TEXT, holders TEXT, accepted_at TEXT, mac TEXT NOT NULL);
   ${TIMER_SCHEMA}${AUDIT_HEAD_TABLE}${EVENT_TABLES}`,
  attempts: ATTEMPT_TABLE,
  narrowed: `
   CREATE TABLE narrowed_token (
     grant_id INTEGER NOT NULL, scope_key TEXT NOT NULL, generation INTEGER NOT NULL, access_token TEXT,
     token_type TEXT NOT NULL, access_expires_at_ms INTEGER, token_at_ms INTEGER, lifetime_ms INTEGER,
     refused_until_ms INTEGER, mac TEXT NOT NULL, PRIMARY KEY (grant_id, scope_key)) WITHOUT ROWID;`,
  pages: AUDIT_PAGE_TABLE,
  deliveries: DELIVERY_TABLES,
  flows: CONNECT_SCHEMA,
  revocations: REVOCATION_SCHEMA,
  tombstone: `
   CREATE TABLE tombstone (
     id INTEGER PRIMARY KEY CHECK (id = 1), account_id TEXT NOT NULL, organization TEXT NOT NULL,
     incarnation INTEGER NOT NULL, data_key TEXT NOT NULL, generation_counter INTEGER NOT NULL,
     deleted_at_ms INTEGER NOT NULL, audit_seq INTEGER, mac TEXT NOT NULL);`,
} as const;

/** Steps after those, for objects of both kinds. */
export const LATER_STEPS = [
  { group: 'approvals', sql: APPROVAL_SCHEMA },
  // Which client of the organization's own has made the grant; null: the connection's.
  { group: 'base', sql: 'ALTER TABLE grant_row ADD COLUMN client TEXT' },
] as const;

export const ACCOUNT_TABLES: TableSchema = { steps: ACCOUNT_SCHEMA, groups: GROUPS, later: LATER_STEPS };
