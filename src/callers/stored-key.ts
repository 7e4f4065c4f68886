/**
 * Proves a caller by a key of which a digest is stored: the same steps for every kind of key, in the same order, so that
 * a malformed key costs no lookup, and an id that does not exist and a wrong secret take the same way to the same answer.
 */

import { sleep, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { log } from '#lib/log.ts';
import { err, ok, type Result } from '#lib/result.ts';
import {
  ENDED_KEY,
  WRONG_KEY,
  type AuthFailure,
  type Outcome,
  type Proof,
  type RequestPieces,
} from './proof.ts';
import { MAX_AGE_MS, type Dated, type RecordCache } from './record-cache.ts';
import { WINDOW_MS, WRONG_LIMIT, WrongSecrets } from './wrong-secrets.ts';

/** Compared where there is no stored digest, so that its absence takes no less time. No secret has this digest. */
export const NO_DIGEST = '-'.repeat(43);
/** How often the use of a key is written down. */
export const TOUCH_INTERVAL_MS = 60 * 60_000;

/** What one isolate remembers of the keys of a kind. */
export class KeyMemory {
  readonly wrong = new WrongSecrets();
  /** When this isolate last reported a use, by key id. */
  readonly touched: BoundedMap<string, number>;

  constructor(rememberedUses: number) {
    this.touched = new BoundedMap(rememberedUses);
  }
}

/** What was found for a key. */
export interface Found<R> {
  /** Of the key's owner; null: there is none. */
  readonly record: R | null;
  /** A key of this id is stored there, whatever its secret. */
  readonly isStored: boolean;
  /** The digests are equal. */
  readonly isProved: boolean;
  /** Of the stored key; null: it has no end. */
  readonly expiresAtMs: number | null;
  /** When the stored key was made; null: nothing says so. */
  readonly issuedAtMs: number | null;
  readonly askedAtMs: number;
}

/** What a key's proof takes from what was found. */
export type KeyTimes = Pick<Found<unknown>, 'expiresAtMs' | 'issuedAtMs' | 'askedAtMs'>;

/** How an attempt to write beside the answer ended. */
type Written = Promise<{ readonly ok: true } | { readonly ok: false; readonly code: string }>;

/** One key that a request presents, and what differs from kind to kind. */
export interface PresentedKey<K, R> {
  readonly keyId: string;
  /** Null: its checksum is wrong. */
  readonly parse: () => K | null;
  readonly find: (key: K) => Promise<Result<Found<R>, AuthFailure>>;
  readonly proofOf: (record: R, times: KeyTimes) => Proof;
  readonly recordWrong: (record: R, nowMs: number) => Written;
  readonly recordUse: (record: R, nowMs: number) => Written;
}

/** Wrong secrets are counted per key id, at whichever route they come. */
export async function proveStored<K, R>(
  presented: PresentedKey<K, R>,
  { wrong, touched }: KeyMemory,
  request: RequestPieces,
  now: Now,
): Promise<Outcome> {
  const { keyId } = presented;
  const closed = closedFailure(wrong.blockedForMs(keyId, now()));
  if (closed !== null) return err(closed);
  const key = presented.parse();
  if (key === null) {
    wrong.count(keyId, now());
    return err(WRONG_KEY);
  }
  const found = await presented.find(key);
  // Guesses that were on their way together are counted one by one before any of them is answered.
  const closedMeanwhile = closedFailure(wrong.blockedForMs(keyId, now()));
  if (closedMeanwhile !== null) return err(closedMeanwhile);
  if (!found.ok) return found;
  const { record, isStored, isProved, expiresAtMs } = found.value;
  if (isProved && expiresAtMs !== null && expiresAtMs <= now()) return err(ENDED_KEY);
  if (record === null || !isProved) {
    const nowMs = now();
    wrong.count(keyId, nowMs);
    // After the answer has left: its time must not tell an existing key from one that is not there.
    if (record !== null && isStored)
      unwatched(
        request,
        'auth.fail',
        sleep(0).then(() => presented.recordWrong(record, nowMs)),
      );
    return err(WRONG_KEY);
  }
  const nowMs = now();
  if (isUseDue(touched, keyId, nowMs)) unwatched(request, 'key use', presented.recordUse(record, nowMs));
  return ok(presented.proofOf(record, found.value));
}

/**
 * What is stored for a key. A remembered record may lack a key that was made since, so what it does not prove is looked
 * up once more: then a wrong secret costs a lookup, whether its key was used here a moment ago or does not exist.
 */
export async function foundIn<A extends { readonly ok: boolean }, R>(
  cache: RecordCache<A>,
  id: string,
  compared: (dated: Dated<A>) => Result<Found<R>, AuthFailure>,
  { waitUntil }: RequestPieces,
  now: Now,
): Promise<Result<Found<R>, AuthFailure>> {
  const arrivedAtMs = now();
  const remembered = await cache.get(id, { now, notBeforeMs: -Infinity, maxAgeMs: MAX_AGE_MS, waitUntil });
  const found = compared(remembered);
  if (!found.ok || found.value.isProved || remembered.askedAtMs >= arrivedAtMs) return found;
  return compared(await cache.get(id, { now, notBeforeMs: arrivedAtMs, waitUntil }));
}

/** The refusal of a key id that wrong secrets have closed; null: it is open. */
function closedFailure(blockedForMs: number): AuthFailure | null {
  if (blockedForMs <= 0) return null;
  const detail = 'too many wrong secrets under this key id; other keys go on';
  const policy = { name: 'wrong-secrets', quota: WRONG_LIMIT, windowS: WINDOW_MS / 1000 };
  return { code: 'rate_limited', detail, retryAfterS: Math.ceil(blockedForMs / 1000), policy };
}

/** At most once an hour per key and isolate; where it is written, it is once an hour over all isolates. */
function isUseDue(touched: BoundedMap<string, number>, keyId: string, nowMs: number): boolean {
  const lastMs = touched.get(keyId);
  if (lastMs !== undefined && Math.abs(nowMs - lastMs) < TOUCH_INTERVAL_MS) return false;
  touched.set(keyId, nowMs);
  return true;
}

/** Lets `work` go on after the answer, and tells the log where it comes to nothing. */
function unwatched(request: RequestPieces, what: string, work: Written): void {
  const told = (fields: object) =>
    log('warn', `${what} not written`, { correlation_id: request.correlationId, ...fields });
  request.waitUntil(
    work.then(
      (outcome) => (outcome.ok ? undefined : told({ reason: outcome.code })),
      (error: unknown) => told({ error }),
    ),
  );
}
