/**
 * Whether the ring of this deployment is the one that its data was encrypted with: the table `key_check`.
 * A wrong ring is found out here, before anything is read or written with it. Opens no data.
 */

import type { Config } from '#env.ts';
import { ProblemError } from '#contract/problem.ts';
import { checkRing, type Keyring } from '#crypto/keyring.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { systemNow } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { ask } from '../ask.ts';

/** `vault_locked`: `detail` says what to do. `unavailable`: the directory could not be asked; nothing is known. */
export interface VaultProblem {
  readonly code: 'vault_locked' | 'unavailable';
  readonly detail: string;
}

type KnownKey = { kid: string; check: string };

async function knownKeys(db: D1Database): Promise<KnownKey[]> {
  const rows = await db.prepare('SELECT kid, check_value AS "check" FROM key_check').all<KnownKey>();
  return rows.results;
}

/** Never throws for a directory that is down; bugs of ours still surface. */
async function orUnavailable<T>(
  work: () => Promise<Result<T, VaultProblem>>,
): Promise<Result<T, VaultProblem>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) return err({ code: 'unavailable', detail: error.message });
    throw error;
  }
}

/** Opens the ring and compares it with the directory. Reads only: what a probe may do. */
export async function checkVault(
  config: Pick<Config, 'directory' | 'masterKeys'>,
): Promise<Result<Keyring, VaultProblem>> {
  const opened = await ringOf(config.masterKeys);
  if (!opened.ok) return opened;
  return orUnavailable(async () => {
    const wrong = checkRing(opened.value, await ask(() => knownKeys(config.directory)));
    return wrong === null ? opened : err(wrong);
  });
}

/**
 * Notes the current key. The first key of all is noted only while there is none, so that of two rings that meet at an
 * empty directory one wins and the other is told so.
 */
async function noteCurrentKey(
  db: D1Database,
  ring: Keyring,
  known: readonly KnownKey[],
): Promise<KnownKey[]> {
  const { kid, check } = ring.current;
  const insert =
    known.length === 0
      ? 'INSERT INTO key_check (kid, check_value, created_at_ms) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM key_check)'
      : 'INSERT INTO key_check (kid, check_value, created_at_ms) VALUES (?, ?, ?) ON CONFLICT (kid) DO NOTHING';
  await ask(() => db.prepare(insert).bind(kid, check, systemNow()).run());
  return ask(() => knownKeys(db));
}

/** Rings that have been found right, by database and text. Failures are not kept: the right key back and all works. */
const right = new WeakMap<D1Database, Map<string, Keyring>>();

/**
 * The ring, once it is known to be the right one: to be asked before the control plane encrypts anything.
 * Notes a key that is new to the directory; a wrong ring changes no row. A success is remembered by the isolate.
 */
export async function assertVault(
  config: Pick<Config, 'directory' | 'masterKeys'>,
): Promise<Result<Keyring, VaultProblem>> {
  const { directory: db, masterKeys } = config;
  const remembered = right.get(db)?.get(masterKeys ?? '');
  if (remembered !== undefined) return ok(remembered);
  const opened = await ringOf(masterKeys);
  if (!opened.ok) return opened;
  const ring = opened.value;
  return orUnavailable(async () => {
    let known = await ask(() => knownKeys(db));
    let wrong = checkRing(ring, known);
    if (wrong === null && !known.some((key) => key.kid === ring.current.kid)) {
      known = await noteCurrentKey(db, ring, known);
      wrong = checkRing(ring, known);
    }
    if (wrong !== null) return err(wrong);
    const rings = right.get(db) ?? new Map<string, Keyring>();
    right.set(db, rings.set(masterKeys ?? '', ring));
    return opened;
  });
}
