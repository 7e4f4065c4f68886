/**
 * The table `signing_key`: the keys that sign the broker's own access tokens. The private half is encrypted under a data
 * key of their own, and each row is under a MAC: who can write to the directory alone makes no key that is believed. A
 * bundle is all that is needed to open them, so that a copy of it elsewhere stands in for a directory that is away.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { equalSecrets, rowMac } from '#crypto/digest.ts';
import { decryptText, encryptText, openDataKey, type DataKey } from '#crypto/envelope.ts';
import { SIGNING_OWNER, signingKeyPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { drawSigningKey, type PublicSigningKey } from '#crypto/signing/token-key.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { ask } from '../ask.ts';
import { signingDataKey, type VaultConfig } from '../keys/data-key.ts';
import { bySystem, runRecorded, type OrganizationRecord } from '../organization-audit.ts';
import { isNextDue, PUBLISHED_APART_MS, publishedKeys, type Scheduled } from './signing-schedule.ts';

interface StoredKey {
  readonly number: number;
  readonly kid: string;
  readonly public_key: string;
  readonly private_key: string;
  readonly created_at_ms: number;
  readonly active_at_ms: number;
  readonly mac: string;
}

/** The rows as they are stored, with the data key that opens them. Nothing in it is secret without the ring. */
export interface SigningBundle {
  /** Null: no key was ever made. */
  readonly wrapped: string | null;
  readonly rows: readonly StoredKey[];
}

/** A key whose row is authentic. */
export interface SigningKeyRow extends Scheduled {
  readonly kid: string;
  readonly published: PublicSigningKey;
  readonly createdAtMs: number;
  /** The private key as JSON: secret. @throws ProblemError `record_corrupt` */
  readonly openPrivate: () => Promise<string>;
}

function macOf({ mac }: DataKey, row: Omit<StoredKey, 'mac'>): string {
  const { number, kid, public_key, private_key, created_at_ms, active_at_ms } = row;
  return rowMac(mac, 'signing_key', [number, kid, public_key, private_key, created_at_ms, active_at_ms]);
}

const ROWS = 'SELECT number, kid, public_key, private_key, created_at_ms, active_at_ms, mac FROM signing_key';

/** @throws ProblemError `unavailable` */
export async function signingBundle(db: D1Database): Promise<SigningBundle> {
  const [wrapped, rows] = await ask(() =>
    db.batch<Record<string, unknown>>([
      db.prepare("SELECT wrapped FROM data_key WHERE purpose = 'signing'"),
      db.prepare(`${ROWS} ORDER BY number`),
    ]),
  );
  return {
    wrapped: (wrapped?.results[0]?.['wrapped'] as string | undefined) ?? null,
    rows: (rows?.results ?? []) as unknown as StoredKey[],
  };
}

/**
 * The keys of a bundle, from wherever it came. A row that was changed or made outside the broker is none: the log says so.
 * @throws ProblemError `vault_locked`, `record_corrupt`
 */
export async function openBundle(
  { masterKeys }: Pick<Config, 'masterKeys'>,
  { wrapped, rows }: SigningBundle,
): Promise<SigningKeyRow[]> {
  if (wrapped === null && rows.length === 0) return [];
  const ring = await ringOf(masterKeys);
  if (!ring.ok) throw new ProblemError(ring.error.code, { detail: ring.error.detail });
  if (wrapped === null)
    throw new ProblemError('record_corrupt', { detail: 'the signing keys lack their data key' });
  const opened = await openDataKey(ring.value, SIGNING_OWNER, wrapped);
  if (!opened.ok) throw new ProblemError(opened.error.code, { detail: opened.error.detail });
  const key = opened.value;
  return rows.flatMap((row) => {
    if (!equalSecrets(macOf(key, row), row.mac)) {
      log('error', 'a signing key does not match its MAC and signs nothing', { kid: row.kid });
      return [];
    }
    return [rowOf(key, row)];
  });
}

function rowOf(key: DataKey, stored: StoredKey): SigningKeyRow {
  const { number, kid, public_key, private_key, created_at_ms, active_at_ms } = stored;
  return {
    number,
    kid,
    published: JSON.parse(public_key) as PublicSigningKey,
    createdAtMs: created_at_ms,
    activeAtMs: active_at_ms,
    openPrivate: async () => {
      const text = await decryptText(key, signingKeyPlace(kid), private_key);
      if (text.ok) return text.value;
      throw new ProblemError('record_corrupt', { detail: text.error.detail });
    },
  };
}

/** How the next key begins. */
export interface NextKey {
  /** It signs at once and those before it end at once, with every token that they signed. */
  readonly endPrevious: boolean;
}

/**
 * Makes the next key. The first one, and one that ends those before it, signs at once; every other in a day. Null where
 * another caller made it meanwhile, or the next one is published already.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export async function makeSigningKey(
  config: VaultConfig,
  { endPrevious }: NextKey,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<{ readonly kid: string } | null> {
  const { directory: db } = config;
  const dataKey = await signingDataKey(config);
  const { rows } = await signingBundle(db);
  const newest = rows.at(-1);
  if (!endPrevious && newest !== undefined && newest.active_at_ms > nowMs) return null;
  const drawn = await drawSigningKey();
  const isFirst = newest === undefined;
  const row: Omit<StoredKey, 'mac'> = {
    number: (newest?.number ?? 0) + 1,
    kid: drawn.kid,
    public_key: JSON.stringify(drawn.published),
    private_key: await encryptText(dataKey, signingKeyPlace(drawn.kid), drawn.privateText),
    created_at_ms: nowMs,
    active_at_ms: isFirst || endPrevious ? nowMs : nowMs + PUBLISHED_APART_MS,
  };
  const columns: StoredKey = { ...row, mac: macOf(dataKey, row) };
  const insert = `INSERT INTO signing_key (${Object.keys(columns).join(', ')})
    SELECT ${Object.keys(columns)
      .map(() => '?')
      .join(', ')} WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE number >= ?)`;
  const values = [...Object.values(columns), row.number] as (string | number)[];
  const ended = endPrevious
    ? [
        db
          .prepare('DELETE FROM signing_key WHERE number < ? AND ? IN (SELECT kid FROM signing_key)')
          .bind(row.number, row.kid),
      ]
    : [];
  const record = recordOf('signing_key.create', [row.kid], context, nowMs);
  const made = await runRecorded(config, record, db.prepare(insert).bind(...values), ended);
  return made ? { kid: row.kid } : null;
}

/**
 * What the clock brings: the next key when it is due, and the end of those that nothing verifies by any more. Makes no
 * first key: that is for the first token. @throws ProblemError as `makeSigningKey`
 */
async function turnSigningKeys(config: VaultConfig, nowMs: number): Promise<void> {
  const { directory: db } = config;
  const { rows } = await signingBundle(db);
  if (isNextDue(rows.map(scheduleOf), nowMs)) await makeSigningKey(config, { endPrevious: false }, nowMs);
  const kept = new Set(publishedKeys(rows.map(scheduleOf), nowMs).map(({ number }) => number));
  for (const { number, kid } of rows.filter((row) => !kept.has(row.number))) {
    const drop = db.prepare('DELETE FROM signing_key WHERE number = ?').bind(number);
    await runRecorded(config, recordOf('signing_key.delete', [kid], bySystem(), nowMs), drop);
  }
}

/** The same for the clock's own run. Never throws: the next run goes on. */
export async function lookAfterSigningKeys(config: VaultConfig, nowMs = systemNow()): Promise<void> {
  try {
    await turnSigningKeys(config, nowMs);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    log('warn', 'the signing keys were not looked after', { reason: error.code });
  }
}

const scheduleOf = ({ number, active_at_ms }: StoredKey): Scheduled => ({ number, activeAtMs: active_at_ms });

function recordOf(
  action: Extract<AuditAction, `signing_key.${string}`>,
  kids: readonly string[],
  context: RequestContext,
  atMs: number,
): OrganizationRecord {
  const fields = { action, outcome: 'ok', evidence: kids.map((kid) => `key:${kid}`) } as const;
  return { organization: '', fields, context, atMs };
}
