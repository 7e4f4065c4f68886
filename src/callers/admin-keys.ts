/**
 * Proves an operator by a key made with `POST /v1/admin-keys`. What is malformed costs no lookup; an id that does not
 * exist and a secret that is wrong take the same way to the same answer. The isolate keeps what it has read for three
 * quarters of a second, so a deleted key stops within one. Decides nothing about what its role may do.
 */

import type { RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { parseAdminKey } from '#crypto/api-keys.ts';
import { equalDigests } from '#crypto/digest.ts';
import { adminKeyForAuth, noteWrongSecret, touchAdminKey, type AuthKey } from '#directory/admin-keys.ts';
import type { Config } from '#env.ts';
import { sleep, within, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { namedAdminKeyId } from './bearer.ts';
import {
  closedFailure,
  ENDED_KEY,
  NO_DIGEST,
  TOUCH_INTERVAL_MS,
  unwatched,
  WRONG_KEY,
  type AuthFailure,
  type RequestPieces,
} from './proof.ts';
import { MAX_AGE_MS, RecordCache } from './record-cache.ts';
import { WrongSecrets } from './wrong-secrets.ts';

type Lookup =
  { readonly ok: true; readonly key: AuthKey } | { readonly ok: false; readonly failure: AuthFailure | null };

/** What one isolate remembers of admin keys. */
interface Memory {
  readonly keys: RecordCache<Lookup>;
  readonly wrong: WrongSecrets;
  readonly touched: BoundedMap<string, number>;
}

/** Shorter than other questions to the directory: nobody is served before this one is answered. */
const PATIENCE_MS = 3_000;
const RETRY_AFTER_S = 5;
const REMEMBERED = 1_000;
const SILENT: Lookup = {
  ok: false,
  failure: {
    code: 'unavailable',
    detail: 'the directory does not answer, so no admin key can be checked',
    retryAfterS: RETRY_AFTER_S,
  },
};

const memories = new WeakMap<object, Memory>();

function memoryOf(config: Config): Memory {
  let memory = memories.get(config);
  if (memory === undefined) {
    memory = {
      keys: new RecordCache((keyId) => within(PATIENCE_MS, lookup(config, keyId), SILENT)),
      wrong: new WrongSecrets(),
      touched: new BoundedMap(REMEMBERED),
    };
    memories.set(config, memory);
  }
  return memory;
}

async function lookup(config: Config, keyId: string): Promise<Lookup> {
  try {
    const key = await adminKeyForAuth(config, keyId);
    return key === null ? { ok: false, failure: null } : { ok: true, key };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, details } = error;
    const detail = details.detail ?? error.message;
    if (code === 'vault_locked' || code === 'record_corrupt') return { ok: false, failure: { code, detail } };
    return { ok: false, failure: { code: 'unavailable', detail, retryAfterS: RETRY_AFTER_S } };
  }
}

/** The key that `token` proves. Wrong ones are counted per key id, whichever plane they knock at. */
export async function proveAdminKey(
  token: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<AuthKey, AuthFailure>> {
  const memory = memoryOf(config);
  const keyId = namedAdminKeyId(token);
  if (keyId === null) return err(WRONG_KEY);
  const closed = closedFailure(memory.wrong.blockedForMs(keyId, now()));
  if (closed !== null) return err(closed);
  const parsed = parseAdminKey(token);
  if (parsed === null) {
    memory.wrong.count(keyId, now());
    return err(WRONG_KEY);
  }
  const found = await provedBy(parsed, memory, request, now);
  // Guesses that were on their way together are counted one by one before any of them is answered.
  const closedMeanwhile = closedFailure(memory.wrong.blockedForMs(keyId, now()));
  if (closedMeanwhile !== null) return err(closedMeanwhile);
  if (!found.ok) return err(found.error);
  const { key, proved } = found.value;
  if (proved && key?.expiresAtMs != null && key.expiresAtMs <= now()) return err(ENDED_KEY);
  if (key === null || !proved) {
    memory.wrong.count(keyId, now());
    if (key !== null) reportWrongSecret(key, config, request, now());
    return err(WRONG_KEY);
  }
  reportUse(key, config, memory, request, now());
  return ok(key);
}

interface Compared {
  readonly key: AuthKey | null;
  readonly proved: boolean;
}

/**
 * What is remembered and does not prove the secret is looked up once more: then a wrong secret costs a lookup, whether
 * its key was used here a moment ago or does not exist.
 */
async function provedBy(
  parsed: { readonly keyId: string; readonly digest: string },
  { keys }: Memory,
  request: RequestPieces,
  now: Now,
): Promise<Result<Compared, AuthFailure>> {
  const arrivedAtMs = now();
  const ask = (notBeforeMs: number, maxAgeMs = Infinity) =>
    keys.get(parsed.keyId, { now, notBeforeMs, maxAgeMs, waitUntil: request.waitUntil });
  const remembered = await ask(-Infinity, MAX_AGE_MS);
  const found = compared(parsed.digest, remembered.answer);
  if (!found.ok || found.value.proved || remembered.askedAtMs >= arrivedAtMs) return found;
  return compared(parsed.digest, (await ask(arrivedAtMs)).answer);
}

function compared(digest: string, answer: Lookup): Result<Compared, AuthFailure> {
  if (!answer.ok && answer.failure !== null) return err(answer.failure);
  const key = answer.ok ? answer.key : null;
  const equal = equalDigests(digest, key?.digest ?? NO_DIGEST);
  return ok({ key, proved: key !== null && equal });
}

const written = async (work: Promise<unknown>): Promise<{ readonly ok: true }> => {
  await work;
  return { ok: true };
};

/** After the answer has left: its time must not tell an existing key from one that is not there. */
function reportWrongSecret(key: AuthKey, config: Config, request: RequestPieces, nowMs: number): void {
  const context: RequestContext = {
    actor: { type: 'operator', id: key.id, method: 'admin_key', key_id: key.id },
    correlationId: request.correlationId,
    toolCallId: request.toolCallId,
    client: request.client,
  };
  const work = sleep(0).then(() => noteWrongSecret(config, key, nowMs, context));
  unwatched(request, 'auth.fail', written(work));
}

/** At most once an hour per key and isolate; the row keeps to once an hour over all isolates. */
function reportUse(
  key: AuthKey,
  config: Config,
  memory: Memory,
  request: RequestPieces,
  nowMs: number,
): void {
  const lastMs = memory.touched.get(key.id);
  if (lastMs !== undefined && Math.abs(nowMs - lastMs) < TOUCH_INTERVAL_MS) return;
  memory.touched.set(key.id, nowMs);
  unwatched(request, 'key use', written(touchAdminKey(config.directory, key.id, nowMs, TOUCH_INTERVAL_MS)));
}
