/**
 * The signing keys as one isolate remembers them: read from the directory once a minute beside the requests. Where the
 * directory is away, what was read last goes on, and an isolate that has read nothing takes the copy that an agent's
 * object keeps. A copy opens with the ring alone, and each row of it is under its MAC.
 */

import { agentStub } from '#agents/stub.ts';
import { ProblemError } from '#contract/problem.ts';
import { openPrivateKey, openPublicKey, type PublicSigningKey } from '#crypto/signing/token-key.ts';
import { publishedKeys, signingKey } from '#directory/callers/signing-schedule.ts';
import {
  makeSigningKey,
  openBundle,
  signingBundle,
  type SigningBundle,
  type SigningKeyRow,
} from '#directory/callers/signing-keys.ts';
import type { Config } from '#env.ts';
import { within, type Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { lookupFailure, type AuthFailure } from '../proof.ts';
import { RecordCache } from '../record-cache.ts';

/** Keys that are older are read again beside the request, and before it where they are older than the second. */
const FRESH_MS = 60_000;
const STALE_MS = 120_000;
const PATIENCE_MS = 3_000;
const STANDING_IN_PATIENCE_MS = 1_000;
/** How long a directory that failed is not asked again, and how often an unknown key id makes us look. */
const AFTER_FAILURE_MS = 5_000;
const AGAIN_MS = 10_000;
const RETRY_AFTER_S = 5;

interface Key extends SigningKeyRow {
  readonly publicKey: CryptoKey;
}

interface OpenKeys {
  readonly keys: readonly Key[];
  /** The bundle as text, for the agent's copy. */
  readonly text: string;
}

type Answer =
  { readonly ok: true; readonly open: OpenKeys } | { readonly ok: false; readonly failure: AuthFailure };

type Ask = { readonly now: Now; readonly waitUntil: (work: Promise<unknown>) => void };

const AWAY: AuthFailure = {
  code: 'unavailable',
  detail: 'the signing keys cannot be read: the directory does not answer',
  retryAfterS: RETRY_AFTER_S,
};

class Memory {
  readonly cache: RecordCache<Answer>;
  last: { readonly open: OpenKeys; readonly askedAtMs: number } | null = null;
  failedAtMs = -Infinity;
  lookedAtMs = -Infinity;

  constructor(config: Config) {
    this.cache = new RecordCache(() => within(PATIENCE_MS, read(config), { ok: false, failure: AWAY }), 1);
  }
}

const memoryOf = perObject((config: Config) => new Memory(config));

async function opened(config: Config, bundle: SigningBundle): Promise<OpenKeys> {
  const rows = await openBundle(config, bundle);
  const keys = await Promise.all(
    rows.map(async (row) => ({ ...row, publicKey: await openPublicKey(row.published) })),
  );
  return { keys, text: JSON.stringify(bundle) };
}

async function answered(work: () => Promise<OpenKeys>): Promise<Answer> {
  try {
    return { ok: true, open: await work() };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { ok: false, failure: lookupFailure(error.code, error.message, RETRY_AFTER_S) };
  }
}

const read = (config: Config): Promise<Answer> =>
  answered(async () => opened(config, await signingBundle(config.directory)));

/** Asks the directory, unless it failed a moment ago. */
async function renewed(
  config: Config,
  { now, waitUntil }: Ask,
  maxAgeMs: number,
  notBeforeMs = -Infinity,
): Promise<Answer> {
  const memory = memoryOf(config);
  const nowMs = now();
  if (nowMs >= memory.failedAtMs && nowMs - memory.failedAtMs < AFTER_FAILURE_MS)
    return { ok: false, failure: AWAY };
  const { answer, askedAtMs } = await memory.cache.get('all', { now, notBeforeMs, maxAgeMs, waitUntil });
  if (!answer.ok) memory.failedAtMs = now();
  else if (memory.last === null || askedAtMs >= memory.last.askedAtMs)
    memory.last = { open: answer.open, askedAtMs };
  return answer;
}

/** @param kid that has to be among them, where the directory has it; null: none has to */
async function remembered(config: Config, kid: string | null, ask: Ask): Promise<OpenKeys | AuthFailure> {
  const memory = memoryOf(config);
  const { last } = memory;
  const nowMs = ask.now();
  const ageMs = last === null || nowMs < last.askedAtMs ? Infinity : nowMs - last.askedAtMs;
  const isKnown = last !== null && (kid === null || last.open.keys.some((key) => key.kid === kid));
  if (isKnown && ageMs < FRESH_MS) return last.open;
  if (isKnown && ageMs < STALE_MS) {
    ask.waitUntil(renewed(config, ask, FRESH_MS));
    return last.open;
  }
  if (last !== null && !isKnown) {
    if (nowMs >= memory.lookedAtMs && nowMs - memory.lookedAtMs < AGAIN_MS) return last.open;
    memory.lookedAtMs = nowMs;
  }
  const work = renewed(config, ask, FRESH_MS, isKnown ? -Infinity : nowMs);
  ask.waitUntil(work);
  const answer = await (last === null ? work : within(STANDING_IN_PATIENCE_MS, work, null));
  if (answer?.ok === true) return answer.open;
  if (memory.last !== null) return memory.last.open;
  return answer?.failure ?? AWAY;
}

/** The same, else the copy of an agent that is known to exist. */
async function keysFor(
  config: Config,
  agentId: string,
  kid: string | null,
  ask: Ask,
): Promise<Result<OpenKeys, AuthFailure>> {
  const keys = await remembered(config, kid, ask);
  if (!('code' in keys)) return ok(keys);
  if (keys.code !== 'unavailable') return err(keys);
  const copy = await agentStub(config, agentId).signingCopy({});
  const text = copy.ok ? copy.signing : null;
  if (text === null) return err(keys);
  const answer = await answered(() => opened(config, JSON.parse(text) as SigningBundle));
  if (!answer.ok) return err(answer.failure);
  memoryOf(config).last ??= { open: answer.open, askedAtMs: -Infinity };
  return ok(answer.open);
}

/**
 * The published key of that id; null: there is none.
 *
 * @param mayAskAgent whether the agent's object may be called, where the directory is away; asked only then
 */
export async function verifyingKey(
  config: Config,
  { kid, agentId }: { readonly kid: string; readonly agentId: string },
  ask: Ask,
  mayAskAgent: () => Promise<boolean>,
): Promise<Result<CryptoKey | null, AuthFailure>> {
  const remember = await remembered(config, kid, ask);
  let found: OpenKeys;
  if (!('code' in remember)) found = remember;
  else {
    if (!(await mayAskAgent())) return err(remember);
    const keys = await keysFor(config, agentId, kid, ask);
    if (!keys.ok) return keys;
    found = keys.value;
  }
  const key = publishedKeys(found.keys, ask.now()).find((one) => one.kid === kid);
  return ok(key?.publicKey ?? null);
}

/** Whether a key that was found before is published still, as far as this isolate knows. Asks nobody. */
export function isPublished(config: Config, kid: string, nowMs: number): boolean {
  const { last } = memoryOf(config);
  if (last === null || nowMs < last.askedAtMs || nowMs - last.askedAtMs >= FRESH_MS) return false;
  return publishedKeys(last.open.keys, nowMs).some((key) => key.kid === kid);
}

/** A key that signs, and the bundle that it stands in. */
export interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly bundle: string;
}

const privateKeys = new WeakMap<SigningKeyRow, Promise<CryptoKey>>();

/** The key that signs now, for a token of an agent that has proved itself. The first of all is made here. */
export async function signerFor(
  config: Config,
  agentId: string,
  ask: Ask,
): Promise<Result<Signer, AuthFailure>> {
  let keys = await keysFor(config, agentId, null, ask);
  if (!keys.ok) return keys;
  let row = signingKey(keys.value.keys, ask.now());
  if (row === null) {
    const made = await answered(async () => {
      await makeSigningKey(config, { endPrevious: false }, ask.now());
      return opened(config, await signingBundle(config.directory));
    });
    if (!made.ok) return err(made.failure);
    memoryOf(config).last = { open: made.open, askedAtMs: ask.now() };
    keys = ok(made.open);
    row = signingKey(made.open.keys, ask.now());
    if (row === null) return err({ code: 'record_corrupt', detail: 'no signing key matches its MAC' });
  }
  const known = row;
  let privateKey = privateKeys.get(known);
  if (privateKey === undefined) {
    privateKey = known.openPrivate().then(openPrivateKey);
    privateKeys.set(known, privateKey);
    privateKey.catch(() => privateKeys.delete(known));
  }
  const key = await within(PATIENCE_MS, privateKey, null);
  if (key === null)
    return err({ code: 'record_corrupt', detail: `the signing key ${known.kid} does not open` });
  return ok({ kid: known.kid, privateKey: key, bundle: keys.value.text });
}

/** What is published (RFC 7517), oldest first. */
export async function publishedJwks(
  config: Config,
  ask: Ask,
): Promise<Result<readonly PublicSigningKey[], AuthFailure>> {
  const keys = await remembered(config, null, ask);
  if ('code' in keys) return err(keys);
  return ok(publishedKeys(keys.keys, ask.now()).map(({ published }) => published));
}

/** Another key has been made here: what is remembered is older. */
export function forgetSigningKeys(config: Config): void {
  memoryOf.forget(config);
}
