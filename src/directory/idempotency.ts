/**
 * The table `idempotency`: which creating requests run or have been answered, for 24 hours. Key and payload are stored
 * as HMACs (a payload may hold a client secret), the answer without what is shown once. It refuses to judge what a
 * route answers: the caller that runs the route says what is kept.
 */

import { IDEMPOTENCY_LIFE_MS } from '#contract/idempotency.ts';
import { newId } from '#crypto/api-keys.ts';
import { rowMac } from '#crypto/digest.ts';
import { ask } from './ask.ts';
import { controlKey, type VaultConfig } from './keys/data-key.ts';

/** Longer than any request may run. An older request has died, and the next request under its key takes its place. */
export const RUN_LIMIT_MS = 60_000;
/** Rows past their end that one request takes along. */
const SWEPT = 50;

/** Whose request, and under which key. The same key means another thing to another caller or route. */
export interface IdempotencyScope {
  readonly caller: string;
  /** Null: bound to none. */
  readonly organization: string | null;
  readonly route: string;
  readonly key: string;
}

/**
 * What the request may do now. `run`: the request is the first, and is to be ended with `keepAnswer` or `forgetRun`.
 */
export type Reservation =
  | { readonly kind: 'run'; readonly id: string; readonly run: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'replay'; readonly status: number; readonly answer: string };

interface Row {
  readonly run: string;
  readonly payload: string;
  readonly status: number | null;
  readonly answer: string | null;
}

const RESERVE = `INSERT INTO idempotency (id, run, payload, started_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (id) DO UPDATE SET run = excluded.run, payload = excluded.payload, status = NULL, answer = NULL,
    started_at_ms = excluded.started_at_ms, expires_at_ms = excluded.expires_at_ms
  WHERE idempotency.expires_at_ms <= ?4
    OR (idempotency.status IS NULL AND idempotency.started_at_ms <= ?6 AND idempotency.payload = excluded.payload)`;
const SWEEP = `DELETE FROM idempotency WHERE id IN
  (SELECT id FROM idempotency WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ${SWEPT})`;

/**
 * Takes the key for this request, or says what stands under it. Of two that come at once one runs.
 *
 * @param payload what two requests must have in common to be the same one
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function reserve(
  config: VaultConfig,
  scope: IdempotencyScope,
  payload: string,
  nowMs: number,
): Promise<Reservation> {
  const { directory: db } = config;
  const { mac } = await controlKey(config);
  const { caller, organization, route, key } = scope;
  const id = rowMac(mac, 'idempotency', [caller, organization, route, key]);
  const digest = rowMac(mac, 'idempotency_payload', [payload]);
  const run = newId('req');
  const results = await ask(() =>
    db.batch<Row>([
      db.prepare(SWEEP).bind(nowMs),
      db.prepare(RESERVE).bind(id, run, digest, nowMs, nowMs + IDEMPOTENCY_LIFE_MS, nowMs - RUN_LIMIT_MS),
      db.prepare('SELECT run, payload, status, answer FROM idempotency WHERE id = ?').bind(id),
    ]),
  );
  const row = results[2]?.results[0];
  if (row === undefined) throw new Error('internal: a reserved key has no row');
  if (row.run === run) return { kind: 'run', id, run };
  if (row.payload !== digest) return { kind: 'mismatch' };
  if (row.status === null) return { kind: 'running' };
  return { kind: 'replay', status: row.status, answer: row.answer ?? '' };
}

type Run = Extract<Reservation, { kind: 'run' }>;

/**
 * Keeps what the request has answered. A request that was taken for dead keeps nothing. @throws ProblemError
 * `unavailable`
 */
export async function keepAnswer(
  db: D1Database,
  { id, run }: Run,
  status: number,
  answer: string,
): Promise<void> {
  const update = 'UPDATE idempotency SET status = ?, answer = ? WHERE id = ? AND run = ?';
  await ask(() => db.prepare(update).bind(status, answer, id, run).run());
}

/** The request has created nothing: the next one under its key runs. @throws ProblemError `unavailable` */
export async function forgetRun(db: D1Database, { id, run }: Run): Promise<void> {
  await ask(() => db.prepare('DELETE FROM idempotency WHERE id = ? AND run = ?').bind(id, run).run());
}
